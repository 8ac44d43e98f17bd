/**
 * A target of text and bytes: a file, standard output. It knows what of it is ours, and grows before it has its final name.
 */
import type { Effect, Scope } from "effect"
import type { Mark } from "./Mark.ts"
import type { SinkError } from "./SinkError.ts"

/** What a target holds: so many bytes, and the hash of all of them. */
export interface Held {
  readonly offset: number
  readonly hash: string
  /** What the system knows it by, as long as it is there. */
  readonly inode: string
}

/** Where text and bytes go: a file, standard output. */
export interface Target {
  readonly name: string
  /** The same for the same target, however its name is written. */
  readonly id: string
  /** Fails where something stands there that is not, byte for byte, what the mark says that we left. */
  readonly check: (mark: Mark | undefined) => Effect.Effect<void, SinkError>
  /** Opens it to go on with what the mark says, or to begin anew; it fails as `check` does. */
  readonly open: (
    mark: Mark | undefined,
    goesOn: boolean
  ) => Effect.Effect<Opened, SinkError, Scope.Scope>
}

/** Keeps other runs from an output. */
export interface Lock {
  /** Holds it until the scope closes; fails where another run does. */
  readonly hold: Effect.Effect<void, SinkError, Scope.Scope>
  /** Fails where a run holds it. */
  readonly free: Effect.Effect<void, SinkError>
}

/** A target that is open. */
export interface Opened {
  /** It holds what the mark said. Otherwise it is empty. */
  readonly isHeld: boolean
  /** It is complete and has its final name: nothing is written any more. */
  readonly isFinal: boolean
  /** What it holds now; `undefined` where nothing can be kept. */
  readonly held: Held | undefined
  readonly write: (data: string | Uint8Array) => Effect.Effect<void, SinkError>
  /** Makes durable what has been written. */
  readonly keep: Effect.Effect<Held | undefined, SinkError>
  /** Fails where it is not what has been written to it: somebody else wrote there, or cut it. */
  readonly intact: Effect.Effect<void, SinkError>
  /** Gives it its final name. */
  readonly complete: Effect.Effect<void, SinkError>
}
