import * as DateTime from "effect/DateTime"
import * as Zips from "./Zips.ts"

/** A whole response, ready to be sent: `headers` as Node takes them, name after value after name. */
export interface Reply {
  readonly status: number
  readonly headers: ReadonlyArray<string>
  readonly body: string
}

/** What the API answers about a code. */
export const lookup = (table: Zips.Table, code: string): Reply => {
  if (!Zips.isWellFormed(code)) return malformed
  const zip = table[code]
  return zip === undefined ? unknown : found(zip)
}

const json = (status: number, body: string, ...headers: ReadonlyArray<string>): Reply => ({
  status,
  headers: [
    "Content-Type",
    "application/json; charset=utf-8",
    "Content-Length",
    String(Buffer.byteLength(body)),
    ...headers
  ],
  body
})

const found = ({ city, country, latitude, longitude, state, zip }: Zips.Zip): Reply =>
  json(
    200,
    `{"links":{"self":"/zipc/v1/zipcodes/${zip}"},"meta":{"count":1},"data":{"zipCode":"${zip}","city":${
      JSON.stringify(city)
    },"state":${JSON.stringify(state)},"country":"${country}","latitude":${latitude},"longitude":${longitude}}}`
  )

/** The form of the API's own errors. */
const error = (status: number, title: string, ...headers: ReadonlyArray<string>): Reply =>
  json(status, JSON.stringify({ errors: [{ code: String(status), title }] }), ...headers)

/** The form of the errors of the gateway in front of it, Azure API Management. */
const refusal = (statusCode: number, message: string, ...headers: ReadonlyArray<string>): Reply =>
  json(statusCode, JSON.stringify({ statusCode, message }), ...headers)

const malformed = error(400, "A zip code is five digits, or letter, digit, letter")
const unknown = error(404, "Zip code not found")

export const noContent: Reply = { status: 204, headers: [], body: "" }
export const noPath = error(404, "Resource not found")
export const unavailable = error(503, "Service unavailable")

export const notAllowed = (methods: string): Reply => error(405, "Method not allowed", "Allow", methods)

export const keyMissing = refusal(
  401,
  "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API."
)
export const keyInvalid = refusal(
  401,
  "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription."
)

/** 429; the wait is told in whole seconds, or as the HTTP-date at which it is over. */
export const throttled = (wait: number, format: "seconds" | "date"): Reply => {
  const seconds = Math.ceil(wait / 1_000)
  return refusal(
    429,
    `Rate limit is exceeded. Try again in ${seconds} seconds.`,
    "Retry-After",
    format === "seconds" ? String(seconds) : httpDate(DateTime.unsafeNow().epochMillis + wait)
  )
}

/** Rounded up to a second, which is as fine as an HTTP-date can be. */
const httpDate = (at: number): string =>
  DateTime.toDate(DateTime.unsafeMake(Math.ceil(at / 1_000) * 1_000)).toUTCString()

/** 403; the wait stands in the message alone, as dd:hh:mi:ss. */
export const outOfQuota = (wait: number): Reply => {
  const seconds = Math.ceil(wait / 1_000)
  const parts = [seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60]
  const clock = parts.map((part) => String(Math.floor(part)).padStart(2, "0")).join(":")
  return refusal(403, `Out of call volume quota. Quota will be replenished in ${clock}.`)
}

/** Any value as JSON. */
export const value = (body: unknown): Reply => json(200, JSON.stringify(body))
