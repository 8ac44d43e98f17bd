import { assert, describe, it } from "@effect/vitest"
import * as Refusal from "../../src/Answer/Refusal.ts"

describe("Refusal.inAnswer", () => {
  const cases: ReadonlyArray<readonly [what: string, body: unknown, kind: string | undefined, words?: string]> = [
    [
      "GraphQL without data",
      { data: null, errors: [{ message: "no field x" }, { message: "no field y" }] },
      "failed",
      "no field x; no field y"
    ],
    ["GraphQL with errors alone", { errors: [{ message: "no" }], extensions: {} }, "failed", "no"],
    ["GraphQL with null in every field", { data: { a: null, b: null }, errors: [{ message: "no" }] }, "failed", "no"],
    [
      "GraphQL with nothing found, as GitHub says it",
      { data: { user: null }, errors: [{ message: "no such user", type: "NOT_FOUND", path: ["user"] }] },
      "not_found",
      "no such user"
    ],
    [
      "GraphQL with nothing found, as Apollo says it",
      { data: null, errors: [{ message: "gone", extensions: { code: "NOT_FOUND" } }] },
      "not_found",
      "gone"
    ],
    [
      "GraphQL with one field not found, and one that failed",
      { data: { a: null, b: null }, errors: [{ message: "no a", type: "NOT_FOUND" }, { message: "no b" }] },
      "failed",
      "no a; no b"
    ],
    ["GraphQL with some data", { data: { a: 1, b: null }, errors: [{ message: "no b" }] }, undefined],
    ["GraphQL with all data", { data: { a: null } }, undefined],
    ["errors of another kind", { errors: [{ title: "no" }] }, undefined],
    ["errors beside other things", { errors: [{ message: "no" }], result: 1 }, undefined],
    ["no errors", { data: null, errors: [] }, undefined],
    [
      "Google, the key",
      { status: "REQUEST_DENIED", error_message: "The provided API key is invalid.", results: [] },
      "unauthorized",
      "REQUEST_DENIED: The provided API key is invalid."
    ],
    [
      "Google, the bill",
      { status: "REQUEST_DENIED", error_message: "Enable Billing for the project of this API key." },
      "stop",
      "REQUEST_DENIED: Enable Billing for the project of this API key."
    ],
    [
      "Google, the day under the name of the pace",
      { status: "OVER_QUERY_LIMIT", error_message: "You have exceeded your daily request quota for this API." },
      "stop",
      "OVER_QUERY_LIMIT: You have exceeded your daily request quota for this API."
    ],
    [
      "Google, the pace in words",
      { status: "OVER_QUERY_LIMIT", error_message: "You have exceeded your rate-limit for this API." },
      "throttled",
      "OVER_QUERY_LIMIT: You have exceeded your rate-limit for this API."
    ],
    ["Google, the day", { status: "OVER_DAILY_LIMIT" }, "stop", "OVER_DAILY_LIMIT"],
    ["Google, the pace", { status: "OVER_QUERY_LIMIT" }, "throttled", "OVER_QUERY_LIMIT"],
    ["Google, an answer", { status: "OK", results: [1] }, undefined],
    ["what every object has", { status: "constructor" }, undefined],
    ["a list", [{ status: "REQUEST_DENIED" }], undefined],
    ["nothing", null, undefined]
  ]
  it.each(cases)("%s", (_, body, kind, words) => {
    const refused = Refusal.inAnswer(body)
    assert.strictEqual(refused?.kind, kind)
    assert.strictEqual(refused?.words, words)
  })
})

describe("Refusal.emptyPurse", () => {
  it.each([
    ["You have exceeded your daily request quota for this API.", true],
    ["You have exceeded your rate-limit for this API.", false]
  ])("tells a day's quota from a pace: %s", (message, isEmpty) => {
    const words = Refusal.emptyPurse(429, JSON.stringify({ status: "OVER_QUERY_LIMIT", error_message: message }))
    assert.strictEqual(words, isEmpty ? `OVER_QUERY_LIMIT: ${message}` : undefined)
  })
})

describe("Refusal.emptyPurse, in plain words", () => {
  it.each([
    ["Daily quota exceeded", true],
    ["You have exceeded your daily quota", true],
    ["Daily limit reached. Try again tomorrow.", true],
    ["API calls quota exceeded for today", true],
    ["You have exceeded the DAILY quota of 40 requests", true],
    ["Too many requests today, limit 1000 per day", true],
    ["Rate limit exceeded; the daily limit is 1000", false],
    ["Too many requests: 10 per second, 1000 per day", false],
    ["Quota exceeded", false]
  ])("hears that the quota of a day is spent: %s", (message, isEmpty) => {
    const body = JSON.stringify({ message })
    assert.strictEqual(Refusal.emptyPurse(429, body), isEmpty ? message : undefined)
    assert.isUndefined(Refusal.emptyPurse(429, body, () => true))
  })
})

describe("Refusal.wanted", () => {
  it.each([
    ["<center>The plain HTTP request was sent to HTTPS port</center>", "https"],
    ["Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />", "https"],
    ["Client sent an HTTP request to an HTTPS server.\n", "https"],
    ["Bad Request\r\nThis combination of host and port requires TLS.\r\n", "https"],
    ["<center>No required SSL certificate was sent</center>", "cert"],
    ["<center>The SSL certificate error</center>", "other_cert"],
    ["{\"error\":\"HTTPS is what we speak\"}", undefined]
  ])("%s", (body, expected) => {
    assert.strictEqual(Refusal.wanted(400, body), expected as ReturnType<typeof Refusal.wanted>)
    assert.isUndefined(Refusal.wanted(404, body))
  })
})

describe("Refusal.isLimit", () => {
  it.each([
    ["{\"message\":\"API rate limit exceeded for 192.0.2.1.\"}", true],
    ["{\"error\":{\"errors\":[{\"reason\":\"userRateLimitExceeded\"}]}}", true],
    ["{\"error\":{\"status\":\"RATE_LIMITED\"}}", true],
    ["Too Many Requests", true],
    ["You have been throttled", true],
    ["{\"message\":\"Your plan does not hold this endpoint\"}", false],
    ["{\"message\":\"Quota exceeded\"}", false],
    ["<html><body>rate limit</body></html>", false]
  ])("%s", (body, expected) => assert.strictEqual(Refusal.isLimit(body), expected))
})
