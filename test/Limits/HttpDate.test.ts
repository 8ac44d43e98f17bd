import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as HttpDate from "../../src/Limits/HttpDate.ts"
import * as RetryAfter from "../../src/Limits/RetryAfter.ts"

const reply = (headers: Readonly<Record<string, string>>) => ({
  status: 429,
  body: "",
  header: (name: string) => headers[name],
  at: 1_000
})

const date = "Fri, 27 Nov 2026 10:00:00 GMT"
const at = Date.UTC(2026, 10, 27, 10)

describe("HttpDate.sent", () => {
  it.each<[name: string, headers: Readonly<Record<string, string>>, sent: number]>([
    ["by the server's clock", { date }, at],
    ["and a cache that kept it an hour", { date, age: "3600" }, at + 3_600_000],
    ["and a cache that says nothing of use", { date, age: "-5" }, at],
    ["and no age at all", { date, age: "soon" }, at],
    ["by ours where it has none", { age: "3600" }, 1_000]
  ])("%s", (_, headers, sent) => assert.strictEqual(HttpDate.sent(reply(headers)), sent))

  it("makes a wait for a date no longer by the time in a cache", () => {
    const wait = RetryAfter.wait(reply({ date, age: "3600", "retry-after": "Fri, 27 Nov 2026 11:00:02 GMT" }))
    assert.strictEqual(Duration.toMillis(wait!), 2_000)
  })
})
