import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as Calendar from "../../src/Policy/Calendar.ts"
import { scale } from "../scale.ts"

describe("Calendar.spanOf", () => {
  const cases: ReadonlyArray<
    readonly [zone: string, window: Calendar.Window, at: string, from: string, until: string]
  > = [
    ["UTC", "hour", "2026-11-20T12:30:00Z", "2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z"],
    ["UTC", "day", "2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"],
    ["UTC", "week", "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"],
    ["UTC", "month", "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"],
    ["UTC", "year", "2028-02-29T10:00:00Z", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z"],
    ["Europe/Berlin", "month", "2026-11-27T10:00:00Z", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"],
    ["Asia/Kolkata", "hour", "2026-11-20T12:40:00Z", "2026-11-20T12:30:00Z", "2026-11-20T13:30:00Z"],
    // clocks are put forward, and back: a day of 23 hours, one of 25, and an hour that comes twice
    ["Europe/Berlin", "day", "2026-03-29T10:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"],
    ["Europe/Berlin", "day", "2026-10-25T10:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"],
    ["Europe/Berlin", "hour", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"],
    ["Europe/Berlin", "hour", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"],
    // a day without a midnight
    ["America/Santiago", "day", "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"]
  ]
  it.each(cases)("%s, %s of %s", (zone, window, at, from, until) => {
    const span = Calendar.spanOf(window, Date.parse(at), DateTime.zoneUnsafeMakeNamed(zone))
    assert.deepStrictEqual(span, { from: Date.parse(from), until: Date.parse(until) })
  })

  it("holds its moment, and the next one begins where it ends", () => {
    for (const zone of ["America/Santiago", "Pacific/Apia", "UTC"]) {
      const local = DateTime.zoneUnsafeMakeNamed(zone)
      for (
        let at = Date.parse("2026-01-01");
        at < Date.parse("2027-01-01");
        at += scale(370_000_000, 37_000_000, 37_000_000)
      ) {
        for (const window of ["hour", "day"] as const) {
          const { from, until } = Calendar.spanOf(window, at, local)
          assert.isTrue(from <= at && at < until, `${zone} ${window} ${at}`)
          assert.strictEqual(Calendar.spanOf(window, until, local).from, until, `${zone} ${window} ${at}`)
        }
      }
    }
  })
})
