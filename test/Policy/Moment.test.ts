import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as Moment from "../../src/Policy/Moment.ts"

describe("Moment", () => {
  const now = Date.UTC(2026, 10, 27, 14, 30, 10)
  const zone = (hours: number) => DateTime.zoneMakeOffset(hours * 3_600_000)

  it.each([
    [now + 3_600_000, 1, "16:31 (UTC+1)"],
    [now + 20_000, 0, "14:30:30 (UTC)"],
    [now + 3_600_000, -3.5, "12:01 (UTC-3:30)"],
    [now + 10 * 3_600_000, 5.75, "2026-11-28 06:16 (UTC+5:45)"],
    [now - 86_400_000, 0, "2026-11-26 14:30:10 (UTC)"]
  ])("%d in UTC+%d is %s", (at, hours, text) => assert.strictEqual(Moment.format(at, now, zone(hours)), text))

  it("stamps a line with its day and zone where these are news", () => {
    assert.strictEqual(Moment.stamp(now, undefined, zone(1)), "2026-11-27 15:30:10 (UTC+1)")
    assert.strictEqual(Moment.stamp(now + 10_000, now, zone(1)), "15:30:20")
    assert.strictEqual(Moment.stamp(now + 10_000, now, zone(9.5)), "00:00:20")
    assert.strictEqual(Moment.stamp(now + 10_000, now - 60_000, zone(9.5)), "2026-11-28 00:00:20 (UTC+9:30)")
  })

  it("knows the day of a moment where the reader is", () => {
    assert.strictEqual(Moment.date(now + 10 * 3_600_000, zone(0)), "2026-11-28")
    assert.strictEqual(Moment.date(now, zone(10)), "2026-11-28")
    assert.strictEqual(Moment.date(now, zone(-5)), "2026-11-27")
  })
})
