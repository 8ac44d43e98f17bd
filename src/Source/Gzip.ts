/**
 * Gzip: any number of members, as `cat`, log rotation and bgzip make them.
 */
import { Effect, Stream } from "effect"
// DecompressionStream refuses a second member from Node 24 on
import { Duplex } from "node:stream"
import { createGunzip } from "node:zlib"

/** Unpacks; what is not gzip, cut off or damaged is an error of zlib. */
export const unpack = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E | Error> =>
  Stream.unwrap(Effect.map(Stream.toReadableStreamEffect(bytes), (packed) =>
    Stream.fromReadableStream(
      () => packed.pipeThrough<Uint8Array>(Duplex.toWeb(createGunzip())),
      (cause) => cause as E | Error
    )))
