/**
 * Standard output as a target: data only. A reader that goes away is a `Closed`.
 */
import { Effect } from "effect"
import { fstatSync, readSync, statSync } from "node:fs"
import { SinkError, type Target } from "../Sink.ts"
import * as Talk from "./Talk.ts"

const name = "standard output"

export const target: Target = {
  name,
  id: name,
  check: () => Effect.void,
  open: () =>
    Effect.succeed({
      isHeld: false,
      isFinal: false,
      held: undefined,
      write: (data: string | Uint8Array) =>
        Effect.async<void, SinkError>((resume) => {
          process.stdout.write(process.stdout.isTTY && typeof data === "string" ? shown(data) : data, (cause) => {
            if (cause === undefined || cause === null) return resume(Effect.void)
            const reason = (cause as NodeJS.ErrnoException).code === "EPIPE" ? "Closed" : "Write"
            resume(new SinkError({ reason, sink: name, detail: `writing failed: ${cause.message}`, cause }))
          })
        }),
      keep: Effect.succeed(undefined),
      intact: Effect.void,
      complete: Effect.void
    })
}

/** Records as a terminal may have them: what is in an answer must not move its cursor. In JSON the value is the same. */
const shown = (text: string) => Talk.plain(text.replaceAll("\r\n", "\n"))

/**
 * Whether the process was started without a standard output. Node opens /dev/null in its place, for reading too, which who sends his output
 * there does not.
 */
export const isMissing: Effect.Effect<boolean> = Effect.sync(() => {
  try {
    return fstatSync(1).rdev === statSync("/dev/null").rdev && readSync(1, new Uint8Array(1)) === 0
  } catch {
    return false
  }
})
