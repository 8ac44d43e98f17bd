/**
 * A lookup says how a question becomes an answer. It is a value: it can be run for one code, for many, or for a list with a ledger.
 */
import type { HttpClient } from "@effect/platform"
import { Effect, type Option, Schema } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { type Expect, parsers } from "./Answer/Expect.ts"
import * as Refusal from "./Answer/Refusal.ts"
import * as Rules from "./Answer/Rules.ts"
import type { Question } from "./Entry.ts"
import { exactly } from "./Json.ts"
import * as Limits from "./Limits.ts"
import type { Ask } from "./Lookup/Ask.ts"
import * as Call from "./Lookup/Call.ts"
import * as Classify from "./Lookup/Classify.ts"
import * as Request from "./Lookup/Request.ts"
import type * as Template from "./Lookup/Template.ts"
import type { LookupError } from "./Outcome.ts"
import type { Part, Reply } from "./Reply.ts"
import type { Verdict } from "./Verdict.ts"

export type { Call, Sending } from "./Lookup/Ask.ts"
export type { Ask, Part, Reply }

/**
 * How a question becomes an answer of type `A`, or an error of type `E`, with the services `R`.
 */
export interface Lookup<out A, out E = LookupError, out R = never> {
  readonly name: string
  /** The columns besides the code that the request uses. */
  readonly inputs: ReadonlyArray<string>
  /** What decides the answer, by part, with secrets by name only or hashed: a ledger belongs to one of these. */
  readonly fingerprint: Effect.Effect<Readonly<Record<string, string>>>
  /** Whether a call that may have been carried out, though no answer came, is made again. */
  readonly idempotent: boolean
  /** Whether asking changes nothing, so that a question may be asked twice at once, or again when it is answered. */
  readonly isRead: boolean
  /** What each call counts for in the rates: 1, or more for one that asks for much. */
  readonly weight: number
  /** Reads what the replies of a run say about how fast one may ask. */
  readonly limits?: () => (reply: Reply) => Limits.Told | undefined
  /** How many questions one call may carry; 1 where it is left out. */
  readonly most?: number
  /**
   * What of a reply is each question's own, in the order of the questions: a reply with the same headers, and a status and a body of its
   * own; `undefined` where there is nothing of it. It is asked of replies with a 2xx, those to a single question too; where it gives nothing
   * at all, the reply is a word on the call. It is left out where a call carries one question.
   */
  readonly split?: (reply: Reply, questions: NonEmptyReadonlyArray<Question>) => ReadonlyArray<Reply | undefined>
  /** Whether a question may take several requests, of which parts are kept; false where it is left out. */
  readonly isParted?: boolean
  /** Takes settings and services once; what it gives makes one attempt each time. */
  readonly prepare: Effect.Effect<Ask<E>, Template.TemplateError, R>
  /**
   * Reads a reply: pure, so that it can be applied again to what the ledger keeps, by the edition of the defaults that it was judged by;
   * the newest unless told otherwise. `onFault` is told of rules that could not be applied.
   */
  readonly read: (reply: Reply, edition?: number, onFault?: Rules.OnFault) => Verdict<A>
  /** Stands for how replies are read: when it changes, those in a ledger are read again. */
  readonly reading: string
  /** How an answer is written where the reply is not JSON itself. */
  readonly expect: Expect
  /** A request for showing, with secrets by name only; `None` where the lookup is not HTTP. */
  readonly curl: (question: Question) => Effect.Effect<Option.Option<string>, Template.TemplateError>
}

/** Any lookup. */
export type Any = Lookup<any, any, any>

/** A lookup over HTTP. */
export interface HttpOptions<A, I> extends Request.Options {
  readonly name?: string
  /** How the body is read; `json` unless told otherwise. */
  readonly expect?: Expect
  /** The shape of the answer. A body that does not fit it is a `decode` error. */
  readonly answer?: Schema.Schema<A, I>
  /** What a reply means, before every default: the first rule that holds decides. */
  readonly rules?: ReadonlyArray<Rules.Rule>
  /** True where an answer that decodes means that there is nothing. It gets the body as read: parsed JSON, or text. */
  readonly notFoundWhen?: (body: unknown) => boolean
  /**
   * Stands for `answer` and `notFoundWhen` and `rules`; their own text unless told otherwise. When it changes, the replies in a ledger are read again,
   * without a call.
   */
  readonly reading?: string
  /** What each call counts for in the rates; 1 unless told otherwise. */
  readonly weight?: number
  /** Statuses that mean "too much", besides 429. */
  readonly throttledOn?: ReadonlyArray<number>
  /**
   * In which dialects the server may tell how fast one may ask, those whose waits take precedence first; the known ones unless told
   * otherwise. `[mine, ...Limits.standard]` adds one.
   */
  readonly dialects?: ReadonlyArray<Limits.Dialect>
}

/**
 * A lookup that makes one HTTP request per question.
 *
 * @example
 * ```ts
 * import { Config, Schema } from "effect"
 * import { Lookup } from "rollcall"
 *
 * const zip = Lookup.http({
 *   url: "https://api.example/zip/{code}",
 *   headers: { "Ocp-Apim-Subscription-Key": Config.redacted("METADAPI_KEY") },
 *   answer: Schema.Struct({ data: Schema.Struct({ city: Schema.String }) })
 * })
 * ```
 */
export const http = <A = unknown, I = A>(
  options: HttpOptions<A, I>
): Lookup<A, LookupError, HttpClient.HttpClient> => {
  const isHead = options.method === "HEAD"
  // there is no body, and nothing is what JSON calls null
  const expect = isHead ? "json" : options.expect ?? "json"
  const decode = options.answer === undefined
    ? undefined
    : Schema.decodeUnknownEither(options.answer as Schema.Schema<A, I>)
  const parse = parsers[expect]
  const meaning = options.throttledOn === undefined ? Classify.meaning : Classify.throttledOn(options.throttledOn)
  const isRange = Object.keys(options.headers ?? {}).some((name) => name.toLowerCase() === "range")
  const { dialects } = options
  const terms: Classify.Terms = { isHead, isRange, meaning, dialects }
  const { rules = [] } = options
  const read = (body: string, edition: number, status: number, rule?: Rules.Rule): Verdict<A> => {
    let value: unknown
    try {
      value = parse(body)
    } catch (cause) {
      const page = expect === "json" ? webPage(body) : undefined
      return Classify.undecodable(page ?? `the body is not ${expect.toUpperCase()}: ${(cause as Error).message}`)
    }
    let review: { readonly review: string } | undefined
    if (rule === undefined) {
      if (options.notFoundWhen?.(value) === true) return Classify.notFound
      const refusal = expect === "json" && edition > 1 ? Refusal.inAnswer(value) : undefined
      if (refusal !== undefined) return Classify.refused(status, refusal)
      if (expect === "json" && edition > 1 && Refusal.isPartial(value)) review = { review: "errors beside data" }
    }
    if (decode === undefined) return { verdict: "found", answer: value as A, ...review }
    const decoded = decode(value)
    return decoded._tag === "Right"
      ? { verdict: "found", answer: decoded.right, ...review }
      : Classify.undecodable(`the answer does not fit its schema: ${oneLine(decoded.left.message)}`)
  }
  return {
    name: options.name ?? "http",
    inputs: Request.inputs(options),
    fingerprint: Request.fingerprint(options, expect),
    idempotent: Request.isIdempotent(options),
    isRead: Request.isRead(options),
    weight: options.weight ?? 1,
    limits: () => Limits.reader(dialects),
    prepare: Call.prepare(options, expect),
    read: (reply, edition = Classify.edition, onFault = unheard) => {
      const rule = rules.length === 0 ? undefined : Rules.first(rules, reply.status, valueOf(reply, expect), onFault)
      return rule === undefined
        ? Classify.reply(
          reply,
          (body) => read(body, edition, reply.status),
          edition === Classify.edition ? terms : { ...terms, edition }
        )
        : Classify.byRule(reply, rule, () => read(reply.body, edition, reply.status, rule), terms)
    },
    reading: JSON.stringify([
      expect,
      ...options.throttledOn ?? [],
      options.reading ?? `${options.answer?.ast ?? ""} ${options.notFoundWhen ?? ""}`,
      ...(options.reading === undefined ? rules.map(({ text, verdict }) => [verdict, text]) : [])
    ]),
    expect,
    curl: (question) => Effect.asSome(Request.curl(options, question))
  }
}

/**
 * A lookup by any effect: a database, another service, a computation. Failures of the effect are `failed` outcomes, `null` and
 * `undefined` mean that there is nothing. Answers are kept as JSON: what JSON cannot hold (a `Date`, a `bigint`) does not come back.
 *
 * `version` stands for what decides the answers: change it when old answers in a ledger should not be used any more.
 */
export const make = <A, E = never, R = never>(
  name: string,
  effect: (code: Question["code"], question: Question) => Effect.Effect<A, E, R>,
  options?: {
    readonly version?: string
    readonly inputs?: ReadonlyArray<string>
    /** Whether the effect is run again where it took too long; true unless told otherwise. */
    readonly idempotent?: boolean
    /** What each run of the effect counts for in the rates; 1 unless told otherwise. */
    readonly weight?: number
  }
): Lookup<NonNullable<A>, E, R> => ({
  name,
  inputs: options?.inputs ?? [],
  idempotent: options?.idempotent ?? true,
  isRead: options?.idempotent ?? true,
  weight: options?.weight ?? 1,
  fingerprint: Effect.succeed({ lookup: name, version: options?.version ?? "1" }),
  prepare: Effect.gen(function*() {
    const context = yield* Effect.context<R>()
    const clock = yield* Effect.clock
    return ([question]) =>
      Effect.map(Effect.provide(Effect.suspend(() => effect(question.code, question)), context), (answer) => ({
        status: 200,
        body: answer === null || answer === undefined ? "" : JSON.stringify(answer),
        header: () => undefined,
        at: clock.unsafeCurrentTimeMillis()
      }))
  }),
  read: (reply) => reply.body === "" ? Classify.notFound : { verdict: "found", answer: JSON.parse(reply.body) },
  reading: "",
  expect: "json",
  curl: () => Effect.succeedNone
})

const unheard = () => {}

/** The body of a reply as rules see it; an error may be JSON where text is expected. */
const valueOf = ({ body, status }: Reply, expect: Expect) => {
  let value: { readonly of: unknown } | undefined
  return (withDigits = false): unknown => {
    if (value === undefined) {
      try {
        value = { of: status < 400 ? parsers[expect](body) : JSON.parse(body) }
      } catch {
        value = { of: body }
      }
    }
    return withDigits && typeof value.of === "object" ? exactly(body, value.of).value : value.of
  }
}

/** What stands where JSON was awaited when a login or maintenance is in the way. */
const webPage = (body: string): string | undefined => {
  if (!/^\s*<(?:!doctype\s+html|html)\b/i.test(body)) return undefined
  const title = /<title\b[^>]*>([^<]*)/i.exec(body.slice(0, 4096))?.[1]?.replace(/\s+/g, " ").trim().slice(0, 60) ?? ""
  const named = title === "" ? "" : ` ("${title.toWellFormed()}")`
  return `the answer is a web page${named}, not JSON: a login or maintenance page?`
}

const oneLine = (text: string) => text.replace(/\s*\n[\s│├└─]*/g, " → ")
