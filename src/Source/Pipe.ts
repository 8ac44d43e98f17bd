/**
 * Named pipes: FIFOs, and what a shell makes of `<(…)`. They are read as their bytes come: who reads one as a file waits in the system
 * until its writer is gone, where no signal reaches.
 */
import { Effect, Stream } from "effect"
import { constants, openSync, statSync } from "node:fs"
import { Socket } from "node:net"

/** Whether there is one of this name. */
export const is = (path: string): boolean => {
  try {
    return statSync(path).isFIFO()
  } catch {
    return false
  }
}

/** Its bytes, until its writer is gone. */
export const bytes = (path: string): Stream.Stream<Uint8Array, unknown> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const socket = yield* Effect.acquireRelease(
      Effect.try(() => new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false })),
      (socket) => Effect.sync(() => socket.destroy())
    )
    return Stream.fromAsyncIterable<Uint8Array, unknown>(socket, (cause) => cause)
  }))
