/**
 * A duration as people write it: `500ms`, `30s`, `5m`, `1h`, `2d`.
 */
import { Duration, Schema } from "effect"

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const text = Schema.String.pipe(
  Schema.pattern(/^\d{1,15}(\.\d+)?(ms|s|m|h|d)$/, {
    message: () => "write a time such as 500ms, 30s, 5m, 1h or 2d"
  })
)

/** Text such as `30s` on the wire, a `Duration` inside. */
export const DurationText = Schema.transform(text, Schema.DurationFromSelf, {
  strict: true,
  decode: (written) => {
    const unit = written.endsWith("ms") ? "ms" : written.slice(-1) as keyof typeof units
    return Duration.millis(Number.parseFloat(written) * units[unit])
  },
  encode: (duration) => format(duration)
}).annotations({ identifier: "DurationText" })

/** A limit: a duration of more than nothing. */
export const Limit = DurationText.pipe(
  Schema.filter((limit) => Duration.toMillis(limit) > 0 || "write a time of more than nothing")
)

/** Writes a duration in the largest unit that divides it, or as seconds with a fraction. */
export const format = (duration: Duration.Duration): string => {
  const millis = Duration.toMillis(duration)
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (millis >= units[unit] && millis % units[unit] === 0) return `${millis / units[unit]}${unit}`
  }
  return millis >= 1000 ? `${millis / 1000}s` : `${millis}ms`
}
