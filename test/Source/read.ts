/**
 * Reads a text or bytes as a source does, in pieces of any size.
 */
import { Chunk, Effect, Stream } from "effect"
import * as ListFormat from "../../src/Job/ListFormat.ts"
import * as Source from "../../src/Source.ts"

export interface Options extends Omit<Source.Options, "format"> {
  readonly format?: ListFormat.Name
  /** What the source is called; its ending tells the format where `format` does not. */
  readonly name?: string
  /** Bytes in a piece; all in one where it is not given. */
  readonly size?: number
}

const source = (input: string | Uint8Array, { format, name = "list", size, ...options }: Options = {}) => {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input
  const pieces = Array.from(
    { length: Math.ceil(bytes.length / (size ?? bytes.length)) || 0 },
    (_, index) => bytes.subarray(index * (size ?? bytes.length), (index + 1) * (size ?? bytes.length))
  )
  return Source.bytes(name, Stream.fromIterable(pieces), {
    ...options,
    ...(format === undefined ? {} : { format: ListFormat.formats[format] })
  })
}

/** The entries of a text. */
export const read = (input: string | Uint8Array, options?: Options) =>
  Effect.map(Stream.runCollect(source(input, options).entries), Chunk.toReadonlyArray)

/** The codes of a text, and what reading it has told. */
export const tell = (input: string | Uint8Array, options?: Options) =>
  Effect.gen(function*() {
    const { entries, told } = source(input, options)
    const codes = Chunk.toReadonlyArray(yield* Stream.runCollect(entries)).map(({ input }) => input)
    return { codes, told: yield* told! }
  })

/** What each entry is, as `line input`. */
export const lines = (input: string | Uint8Array, options?: Options) =>
  Effect.map(read(input, options), (entries) => entries.map(({ input, line }) => `${line} ${input}`))

/** The error of a text that cannot be read. */
export const refuse = (input: string | Uint8Array, options?: Options) => Effect.flip(read(input, options))
