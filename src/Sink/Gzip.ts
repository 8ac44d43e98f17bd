/**
 * Gzip around a target. What is kept ends a member, so that a later run goes on after it: any number of members is one file of gzip
 * (RFC 1952, 2.2), and a mark stands at the end of one.
 */
import { Effect } from "effect"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import { SinkError } from "./SinkError.ts"
import type { Target } from "./Target.ts"

/** Bytes of a member, about: where little is written between two marks, it has less. */
const memberSize = 1024 * 1024

/** A target that packs what is written to another one. */
export const packed = (target: Target): Target => ({
  ...target,
  open: (mark, goesOn) =>
    Effect.map(target.open(mark, goesOn), (opened) => {
      let parts: Array<Uint8Array> = []
      let size = 0
      const encoder = new TextEncoder()
      let isEmpty = !opened.isHeld
      /** Ends a member. A file without any is no gzip. */
      const end = (isLast = false) =>
        Effect.suspend(() => {
          if (size === 0 && !(isLast && isEmpty)) return Effect.void
          isEmpty = false
          const bytes = Buffer.concat(parts)
          parts = []
          size = 0
          return Effect.flatMap(
            Effect.tryPromise({
              try: () => promisify(gzip)(bytes),
              catch: (cause) =>
                new SinkError({ reason: "Write", sink: target.name, detail: "it cannot be packed", cause })
            }),
            opened.write
          )
        })
      return {
        ...opened,
        write: (data) =>
          Effect.suspend(() => {
            const bytes = typeof data === "string" ? encoder.encode(data) : data
            parts.push(bytes)
            size += bytes.length
            return size < memberSize ? Effect.void : end()
          }),
        keep: Effect.zipRight(end(), opened.keep),
        intact: Effect.zipRight(end(true), opened.intact)
      }
    })
})
