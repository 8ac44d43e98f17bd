import { assert, describe, it } from "@effect/vitest"
import { Duration, FastCheck } from "effect"
import type { Reply } from "../../src/Lookup.ts"
import * as Classify from "../../src/Lookup/Classify.ts"
import { LookupError, Reason } from "../../src/Outcome.ts"

const now = Date.parse("2026-03-01T12:00:00Z")

const reply = (status: number, body = "{}", headers: Record<string, string> = {}): Reply => ({
  status,
  body,
  header: (name) => headers[name],
  at: now
})

const decode = (body: string): Classify.Verdict<string> => ({ verdict: "found", answer: body })

const verdict = (given: Reply) => Classify.reply(given, decode)

describe("Classify.reply", () => {
  /** DESIGN's table; a status that is not listed falls under its class. */
  const special: Record<number, Classify.Verdict<unknown>["verdict"]> = {
    204: "not_found",
    400: "invalid",
    401: "stop",
    403: "failed",
    404: "not_found",
    408: "retry",
    410: "not_found",
    422: "invalid",
    425: "retry",
    429: "throttled",
    501: "failed"
  }
  const classes = { 1: "failed", 2: "found", 3: "failed", 4: "failed", 5: "retry" } as const

  it("follows the table for every status", () => {
    for (let status = 100; status < 600; status++) {
      const expected = special[status] ?? classes[Math.floor(status / 100) as keyof typeof classes]
      assert.strictEqual(verdict(reply(status)).verdict, expected, String(status))
    }
    for (const status of [0, -1, 99, 600, 999]) {
      assert.strictEqual(verdict(reply(status)).verdict, "failed", String(status))
    }
  })

  it("takes an answer without a body for not found", () => {
    for (const status of [200, 201, 204, 206, 299]) {
      assert.deepStrictEqual(verdict(reply(status, "")), Classify.notFound, String(status))
    }
  })

  it("leaves the body of a 2xx to whoever reads it", () => {
    assert.deepStrictEqual(verdict(reply(203, "text")), { verdict: "found", answer: "text" })
    const refused = Classify.undecodable("no")
    assert.strictEqual(Classify.reply(reply(200, "x"), () => refused), refused)
    assert.strictEqual(Classify.reply(reply(200, "x"), () => Classify.notFound), Classify.notFound)
    for (const status of [404, 500, 401]) {
      Classify.reply(reply(status, "x"), () => assert.fail("the body was read"))
    }
  })

  const errors: ReadonlyArray<readonly [status: number, body: string, reason: Reason, message: string]> = [
    [500, "", "status", "the server said 500"],
    [503, " \n\t", "status", "the server said 503"],
    [401, "{\"message\":\"no key\"}", "unauthorized", "the server said 401: {\"message\":\"no key\"}"],
    [429, "slow\u0007 down\r\nplease", "throttled", "the server said 429: slow down please"],
    [400, "<html><body><h1>Bad</h1>\n<p>request</p>", "status", "the server said 400: Bad request"],
    [302, "x".repeat(1000), "status", `the server said 302: ${"x".repeat(159)}…`],
    [500, `${"x".repeat(158)}😀${"y".repeat(9)}`, "status", `the server said 500: ${"x".repeat(158)}…`]
  ]
  for (const [status, body, reason, message] of errors) {
    it(`${status} ${JSON.stringify(body.slice(0, 40))}`, () => {
      const judged = verdict(reply(status, body))
      assert.isTrue("error" in judged)
      if ("error" in judged) {
        assert.deepStrictEqual(
          [judged.error.reason, judged.error.status, judged.error.message],
          [reason, status, message]
        )
      }
    })
  }

  it("says how long to wait after a 429 and a 503, and after nothing else", () => {
    for (const status of [429, 503, 500, 408, 425]) {
      const judged = verdict(reply(status, "", { "retry-after": "7" }))
      assert.deepStrictEqual("wait" in judged && judged.wait, Duration.seconds(7), String(status))
    }
    for (const status of [200, 404, 400, 501]) {
      assert.notProperty(verdict(reply(status, "", { "retry-after": "7" })), "wait")
    }
  })
})

describe("Classify.failure", () => {
  const expected: Record<Reason, Classify.Verdict<unknown>["verdict"]> = {
    invalid_code: "invalid",
    timeout: "retry",
    deadline: "failed",
    dns: "retry",
    refused: "retry",
    tls: "retry",
    transport: "retry",
    status: "failed",
    unauthorized: "stop",
    throttled: "throttled",
    redirect: "failed",
    decode: "failed",
    too_large: "failed",
    error: "failed"
  }
  for (const reason of Reason.literals) {
    it(`${reason}: ${expected[reason]}`, () => {
      const error = new LookupError({ reason, message: "" })
      assert.strictEqual(Classify.failure(error).verdict, expected[reason])
    })
  }
})

describe("Classify.retryAfter", () => {
  const wait = (value: string, date?: string) =>
    Classify.retryAfter(reply(429, "", { "retry-after": value, ...(date === undefined ? {} : { date }) }))

  const cases: ReadonlyArray<readonly [value: string, seconds: number | undefined, date?: string]> = [
    ["1", 1],
    [" 120 ", 120],
    ["0.5", 0.5],
    ["1.25", 1.25],
    ["86400", 86_400],
    ["0", undefined],
    ["0.0", undefined],
    ["-1", undefined],
    ["", undefined],
    ["soon", undefined],
    ["1s", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    [".5", undefined],
    ["1,5", undefined],
    ["Infinity", undefined],
    ["NaN", undefined],
    ["Sun, 01 Mar 2026 12:00:30 GMT", 30],
    ["Sunday, 01-Mar-26 12:00:30 GMT", 30],
    ["Sun Mar  1 12:00:30 2026", 30],
    ["2026-03-01T12:00:30Z", 30],
    ["2026-03-01T13:00:30.500+01:00", 30.5],
    ["Sun, 01 Mar 2026 11:59:59 GMT", undefined],
    ["Sun, 01 Mar 2026 12:00:00 GMT", undefined],
    ["Sunday, 06-Nov-94 08:49:37 GMT", undefined],
    ["Sun, 01 Mar 2026 12:00:30", undefined],
    ["Sun, 01 Mar 2026 12:00:30 CET", undefined],
    ["Sun, 32 Mar 2026 12:00:30 GMT", undefined],
    ["Sun, 01 Xyz 2026 12:00:30 GMT", undefined],
    ["Sunday 2030", undefined],
    ["Mon Tue 5", undefined],
    ["2030-01-01", undefined],
    // the server's own clock counts where it tells it
    ["Sun, 01 Mar 2026 12:00:30 GMT", 20, "Sun, 01 Mar 2026 12:00:10 GMT"],
    ["Thu, 01 Jan 1970 00:01:00 GMT", 60, "Thu, 01 Jan 1970 00:00:00 GMT"],
    ["Sun, 01 Mar 2026 12:00:30 GMT", undefined, "Sun, 01 Mar 2026 12:00:40 GMT"],
    ["Sun, 01 Mar 2026 12:00:30 GMT", 30, "garbage"],
    ["5", 5, "garbage"]
  ]
  for (const [value, seconds, date] of cases) {
    it(`${JSON.stringify(value)}${date === undefined ? "" : ` at ${date}`}: ${seconds ?? "no hint"}`, () => {
      const expected = seconds === undefined ? undefined : seconds * 1000
      const told = wait(value, date)
      assert.strictEqual(told === undefined ? undefined : Duration.toMillis(told), expected)
    })
  }

  it("is a long time, and finite, for what is beyond all reason", () => {
    for (const value of ["99999999999", "9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"]) {
      const told = wait(value)
      assert.isDefined(told)
      assert.strictEqual(Duration.toDays(told), 3650)
    }
  })

  it("never throws, and never tells less than nothing", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof(FastCheck.string(), FastCheck.double().map(String)), (value) => {
        const told = wait(value, value)
        assert.isTrue(told === undefined || Duration.toMillis(told) > 0)
      })
    )
  })

  it("is not told without the header", () => {
    assert.isUndefined(Classify.retryAfter(reply(429)))
  })
})
