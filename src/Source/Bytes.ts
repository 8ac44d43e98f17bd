/**
 * What stands in a stream of bytes: text in some encoding, or a workbook, packed by gzip or plain.
 */
import { Effect, Option, type Scope, Stream } from "effect"
import * as Errno from "../Errno.ts"
import * as Encoding from "./Encoding.ts"
import * as Gzip from "./Gzip.ts"
import * as Kind from "./Kind.ts"
import { SourceError } from "./SourceError.ts"
import type { Told } from "./Told.ts"

type Bytes = Stream.Stream<Uint8Array, SourceError>

/** What was found: text in pieces of any size, or an archive that may be a workbook. */
export type Found =
  | { readonly text: Stream.Stream<string, SourceError> }
  | { readonly archive: Bytes }

/** Finds out what a stream of bytes is. */
export const open = <E>(
  source: string,
  bytes: Stream.Stream<Uint8Array, E>,
  encoding: string | undefined,
  told: Told
): Effect.Effect<Found, SourceError, Scope.Scope> =>
  look(source, bytes.pipe(Stream.mapError(unreadable(source))), (kind, all) => {
    if (typeof kind === "object") return new SourceError({ reason: "Encoding", source, detail: kind.refused })
    if (kind === "zip") return Effect.succeed({ archive: all })
    return kind === "gzip"
      ? open(source, unpack(source, all), encoding, told)
      : Effect.succeed({ text: Encoding.decode(source, all, encoding, told) })
  })

/** Looks at the first bytes, and gives all of them on. */
const look = (
  source: string,
  bytes: Bytes,
  next: (kind: Kind.Kind, all: Bytes) => Effect.Effect<Found, SourceError, Scope.Scope>
): Effect.Effect<Found, SourceError, Scope.Scope> =>
  Effect.gen(function*() {
    // `Stream.peel` dies where a later piece fails
    const pull = yield* Stream.toPull(Stream.filter(bytes, (piece) => piece.length > 0))
    let head: Uint8Array = new Uint8Array(0)
    for (;;) {
      const more = yield* Effect.catchAll(
        Effect.asSome(pull),
        Option.match({
          onNone: () => Effect.succeedNone,
          onSome: (error: SourceError) => Effect.fail(error)
        })
      )
      if (Option.isSome(more)) head = Buffer.concat([head, ...more.value])
      const kind = Kind.of(head, Option.isNone(more))
      if (kind === undefined || (head.length === 0 && Option.isSome(more))) continue
      const first = head.length === 0 ? Stream.empty : Stream.make(head)
      return yield* next(kind, Option.isNone(more) ? first : Stream.concat(first, Stream.repeatEffectChunkOption(pull)))
    }
  })

const unpack = (source: string, bytes: Bytes): Bytes =>
  Stream.mapError(Gzip.unpack(bytes), (error) =>
    error instanceof SourceError ? error : new SourceError({
      reason: "Encoding",
      source,
      detail: `it begins like gzip and does not unpack (${Errno.line(error)}): is it whole?`
    }))

const unreadable = (source: string) => (error: unknown) =>
  error instanceof SourceError ? error : new SourceError({
    reason: Errno.codeOf(error) === "ENOENT" ? "NotFound" : "Unreadable",
    source,
    detail: Errno.ofReading(error)
  })
