/**
 * The call of an HTTP lookup: one request on the wire, and its reply or what went wrong with it. No secret leaves it but to the API.
 */
import {
  FetchHttpClient,
  HttpClient,
  type HttpClientError,
  HttpClientRequest,
  type HttpClientResponse
} from "@effect/platform"
import { Effect, Either, Encoding, Exit, Option } from "effect"
import type { Expect } from "../Answer/Expect.ts"
import * as Entry from "../Entry.ts"
import { LookupError } from "../Outcome.ts"
import type { Reply } from "../Reply.ts"
import * as Tracing from "../Tracing.ts"
import type * as Ask from "./Ask.ts"
import * as Classify from "./Classify.ts"
import * as Failure from "./Failure.ts"
import * as Idempotency from "./Idempotency.ts"
import * as Redact from "./Redact.ts"
import * as Redirect from "./Redirect.ts"
import * as Request from "./Request.ts"
import * as Spelling from "./Spelling.ts"
import * as Template from "./Template.ts"

/** Resolves settings and compiles the templates; what it gives makes one call for a question. */
export const prepare = (
  options: Request.Options,
  expect: Expect
): Effect.Effect<Ask.Ask<LookupError>, Template.TemplateError, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const clock = yield* Effect.clock
    const settings: Array<string> = []
    const request = yield* Request.make(
      options,
      (name, config) => Effect.tap(Template.fromConfig(name, config), (value) => void settings.push(value))
    )
    const own = Request.ownWords(options).filter(({ length }) => length >= shortestWord)
    const secrets = [...settings.filter(({ length }) => length >= shortestSecret), ...own]
    const conceal = Spelling.concealer(secrets, Redact.redacted)
    const rules: Redirect.Rules = {
      allowed: yield* Request.allowed(options),
      secrets: [...settings.filter(({ length }) => length >= shortestWord), ...own],
      asksInBody: Request.asksInBody(options)
    }
    const send = discreet.get(client) ?? (yield* discreetly(client))
    const isTraced = yield* Tracing.isOn
    const read = expect === "bytes" ? base64 : text

    const toReply = (response: HttpClientResponse.HttpClientResponse, body: string): Reply => {
      const { status } = response
      const header = (name: string) => response.headers[name]
      const names = () => Object.keys(response.headers)
      const at = clock.unsafeCurrentTimeMillis()
      if (secrets.length === 0) return { status, body, header, names, at }
      // a server may say in an error what it was asked with
      return { status, body, header, names, at, discreet: () => ({ status, body: conceal(body), header, names, at }) }
    }

    const receive = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<Reply, LookupError> => {
      const body = read(response)
      // at once where it is at hand
      if (Exit.isExit(body) && Exit.isSuccess(body)) return Effect.succeed(toReply(response, body.value as string))
      return Effect.matchEffect(body, {
        onFailure: (error) => {
          const failure = Failure.fromHttpClient(error)
          // a body that would not be looked at need not be readable
          return Classify.meaning(response.status) === "found" ||
              (failure.reason !== "decode" && Classify.failure(failure).verdict === "retry")
            ? failed(failure)
            : Effect.succeed(toReply(response, ""))
        },
        onSuccess: (body) => Effect.succeed(toReply(response, body))
      })
    }

    const failed = (error: LookupError) => Failure.changed(error, { message: conceal(error.message) })

    const exchange = (
      request: HttpClientRequest.HttpClientRequest,
      call: Ask.Call,
      chain: Redirect.Chain | undefined
    ): Effect.Effect<Reply, LookupError> => {
      const take = (response: HttpClientResponse.HttpClientResponse) =>
        Redirect.isRedirect(response.status) && response.headers.location !== undefined
          ? follow(request, response, call, chain ?? Redirect.begin(request))
          : receive(response)
      const sent = isTraced
        ? Tracing.call(request, chain?.isAway !== true, (request) => send(request, call.sending))
        : send(request, call.sending)
      return Effect.matchEffect(sent, {
        onFailure: (error) =>
          // a client that filters by status has the response all the same
          error._tag === "ResponseError" && error.reason === "StatusCode"
            ? take(error.response)
            : failed(Failure.fromHttpClient(error)),
        onSuccess: take
      })
    }

    const follow = (
      request: HttpClientRequest.HttpClientRequest,
      response: HttpClientResponse.HttpClientResponse,
      call: Ask.Call,
      chain: Redirect.Chain
    ): Effect.Effect<Reply, LookupError> => {
      const { headers, status } = response
      const next = Redirect.next(request, { status, location: headers.location! }, chain, rules)
      if (Either.isLeft(next)) return failed(next.left)
      const [followed, longer] = next.right
      // a body that is not read keeps its connection
      return Effect.ignore(read(response)).pipe(
        Effect.zipRight(call.pay),
        Effect.zipRight(Effect.suspend(() => exchange(followed, call, longer)))
      )
    }

    const runId = yield* Idempotency.RunId
    const inputs = Request.inputs(options)

    return ([question], call) => {
      const made = request(question)
      if (Either.isLeft(made)) return new LookupError({ reason: "invalid_code", message: made.left })
      return options.idempotencyKey === true
        ? Effect.flatMap(
          Idempotency.key(runId, Entry.key(question, inputs)),
          (key) => exchange(HttpClientRequest.setHeader(made.right, "idempotency-key", key), call, undefined)
        )
        : exchange(made.right, call, undefined)
    }
  })

/** Shorter settings are not looked for in what a server says: "us" stands in every other word. */
const shortestSecret = 8

/** Shorter ones are not looked for in where a redirect leads to, and shorter words that are typed not in what a server says. */
const shortestWord = 4

/** Makes a call. */
type Send = (
  request: HttpClientRequest.HttpClientRequest,
  sending?: Ask.Sending
) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/**
 * Clients that follow no redirects and open no spans of their own, and how they make a call in a fiber of its own most cheaply; they tell when
 * it is sent. Any other client is told so at each call, because both would carry secrets to where they do not belong.
 */
export const discreet: WeakMap<HttpClient.HttpClient, Send> = new WeakMap()

/** Lets a client follow no redirect and open no span, because spans hold the URL and the headers. */
const discreetly = (client: HttpClient.HttpClient) =>
  Effect.map(Effect.serviceOption(FetchHttpClient.RequestInit), (given) => {
    const init = { ...Option.getOrUndefined(given), redirect: "manual" } as const
    return (request: HttpClientRequest.HttpClientRequest) =>
      client.execute(request).pipe(
        Effect.provideService(FetchHttpClient.RequestInit, init),
        Effect.locally(HttpClient.currentTracerDisabledWhen, () => true)
      )
  })

type Read = (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<string, HttpClientError.ResponseError>

const text: Read = (response) => response.text

const base64: Read = (response) =>
  Effect.map(response.arrayBuffer, (bytes) => Encoding.encodeBase64(new Uint8Array(bytes)))
