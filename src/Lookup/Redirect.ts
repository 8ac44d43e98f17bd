/**
 * Redirect: where a reply sends a request on, and what of the request may go there.
 *
 * The configured origin gets what it would have got at once. Another one gets a bare request, and only where it is named as allowed: what
 * comes with a request is meant for the configured origin alone.
 *
 * Sources: RFC 9110, 15.4; Fetch standard, HTTP-redirect fetch.
 */
import { HttpBody, HttpClientRequest } from "@effect/platform"
import { Either } from "effect"
import { LookupError, type Remedy } from "../Outcome.ts"
import * as Spelling from "./Spelling.ts"

/** Redirects in a row that are followed. */
export const limit = 5

/** A chain of requests for one question. */
export interface Chain {
  /** The origin of the first request. */
  readonly home: string
  /** The requests so far, as method and URL. */
  readonly seen: ReadonlyArray<string>
  /** Whether it has left its home: what is taken off on the way out stays off. */
  readonly isAway: boolean
}

/** What may go where. */
export interface Rules {
  /**
   * Origins that may be sent to besides the configured one, as `URL.origin` writes them. Where the configured one is among them, a GET may
   * take the place of a POST whose body would be lost.
   */
  readonly allowed: ReadonlySet<string>
  /** What no URL for another origin may hold, in any of its spellings. */
  readonly secrets: ReadonlyArray<string>
  /** Whether the body names what is asked, so that a request without it would ask something else. */
  readonly asksInBody: boolean
}

/** A chain that has not been redirected. */
export const begin = (request: HttpClientRequest.HttpClientRequest): Chain => ({
  home: new URL(request.url).origin,
  seen: [trace(request)],
  isAway: false
})

/** Whether a reply of this status sends on where it says where to. */
export const isRedirect = (status: number): boolean =>
  status === 301 || status === 302 || status === 303 || status === 307 || status === 308

/** The request that follows on a redirect, or why there is none. */
export const next = (
  request: HttpClientRequest.HttpClientRequest,
  { location, status }: { readonly location: string; readonly status: number },
  chain: Chain,
  { allowed, asksInBody, secrets }: Rules
): Either.Either<readonly [HttpClientRequest.HttpClientRequest, Chain], LookupError> => {
  const refuse = (message: string, remedy?: Remedy) =>
    Either.left(new LookupError({ reason: "redirect", message, status, remedy }))
  const target = URL.canParse(location, request.url) ? new URL(location, request.url) : undefined
  if (target === undefined || !/^https?:$/.test(target.protocol) || target.username !== "" || target.password !== "") {
    return refuse("the server redirects to what is not a URL for HTTP")
  }
  target.hash = ""
  const { href, origin } = target
  const isAway = chain.isAway || origin !== chain.home
  if (origin !== chain.home && !allowed.has(origin)) {
    return refuse(
      `the server redirects to ${origin}, where nothing is sent: ask there, or allow it`,
      "origin"
    )
  }
  const isGet = status === 303 ? request.method !== "HEAD" : status < 303 && request.method === "POST"
  const isLost = isGet && asksInBody && request.body._tag !== "Empty"
    && (status < 303 || isSamePath(request.url, target))
  // who knows that the answer lies there says so, of this server alone
  if (isLost && (isAway || !allowed.has(origin))) {
    return refuse(
      `the server redirects the ${request.method} to ${origin}${target.pathname}, where its body would be lost: ask there`
        + (isAway ? "" : ", or where the answer lies there, allow it"),
      isAway ? undefined : "origin"
    )
  }
  const method = isGet ? "GET" : request.method
  const body = isGet ? HttpBody.empty : request.body
  if (isAway) {
    if (body._tag !== "Empty") return refuse(`the server redirects to ${origin}, where no body is sent`)
    if (Spelling.holds(secrets, href)) {
      return refuse(`the server redirects to ${origin} with a secret in the URL`)
    }
  }
  const followed = isAway
    ? HttpClientRequest.make(method)(href, { headers: harmless(request.headers) })
    : HttpClientRequest.setBody(
      HttpClientRequest.setMethod(HttpClientRequest.setUrl(request, href), method),
      body
    )
  const step = trace(followed)
  if (chain.seen.includes(step)) return refuse("the server redirects in a circle")
  if (chain.seen.length > limit) return refuse(`the server redirects more than ${limit} times`)
  return Either.right([followed, { home: chain.home, seen: [...chain.seen, step], isAway }])
}

const trace = ({ method, url }: HttpClientRequest.HttpClientRequest) => `${method} ${url}`

/** Headers that are the same for every server. */
const harmless = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    ["accept", "accept-language", "user-agent"].flatMap((name) =>
      headers[name] === undefined ? [] : [[name, headers[name]]]
    )
  )

/** A 303 to another place tells where the answer is; one to the same place, with or without a slash at its end, tells nothing. */
const isSamePath = (url: string, target: URL): boolean => bare(new URL(url).pathname) === bare(target.pathname)

const bare = (path: string) => path.replace(/\/$/, "")
