/**
 * Reads a text or bytes as a source does, in pieces of any size.
 */
import { Chunk, Effect, Stream } from "effect"
import * as Source from "../../src/Source.ts"

export interface Options extends Source.Options {
  /** What the source is called; its ending tells the format where `format` does not. */
  readonly name?: string
  /** Bytes in a piece; all in one where it is not given. */
  readonly size?: number
}

/** The entries of a text. */
export const read = (input: string | Uint8Array, { name = "list", size, ...options }: Options = {}) => {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input
  const pieces = Array.from(
    { length: Math.ceil(bytes.length / (size ?? bytes.length)) || 0 },
    (_, index) => bytes.subarray(index * (size ?? bytes.length), (index + 1) * (size ?? bytes.length))
  )
  return Stream.runCollect(Source.bytes(name, Stream.fromIterable(pieces), options).entries).pipe(
    Effect.map(Chunk.toReadonlyArray)
  )
}

/** What each entry is, as `line input`. */
export const lines = (input: string | Uint8Array, options?: Options) =>
  Effect.map(read(input, options), (entries) => entries.map(({ input, line }) => `${line} ${input}`))

/** The error of a text that cannot be read. */
export const refuse = (input: string | Uint8Array, options?: Options) => Effect.flip(read(input, options))
