/**
 * From bytes to text: gzip is told by its first byte, and what is not UTF-8 is refused by line.
 */
import { Effect, Option, Sink, Stream } from "effect"
import { SourceError } from "./SourceError.ts"

/** The text of a stream of bytes. A stream without a byte is refused. */
export const text = <E>(name: string, bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<string, SourceError> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const pieces = bytes.pipe(Stream.mapError(unreadable(name)), Stream.filter((piece) => piece.length > 0))
    const [head, rest] = yield* Stream.peel(pieces, Sink.head<Uint8Array>())
    if (Option.isNone(head)) return Stream.fail(empty(name))
    const all = Stream.concat(Stream.succeed(head.value), rest)
    return decode(name, head.value[0] === gzipMagic ? gunzip(name, all) : all)
  }))

/** An input without a single code. */
export const empty = (name: string): SourceError =>
  new SourceError({ reason: "Empty", source: name, detail: "there is no code in it" })

/** RFC 1952, 2.3.1; as text it would be a control character. */
const gzipMagic = 0x1f

const gunzip = (name: string, bytes: Stream.Stream<Uint8Array, SourceError>): Stream.Stream<Uint8Array, SourceError> =>
  Stream.unwrap(Effect.map(Stream.toReadableStreamEffect(bytes), (readable) =>
    Stream.fromReadableStream(
      () => readable.pipeThrough(new DecompressionStream("gzip")),
      (cause) =>
        cause instanceof SourceError ? cause : new SourceError({
          reason: "Encoding",
          source: name,
          detail: `it begins like gzip but does not unpack: ${explain(cause)}`
        })
    )))

/** Decodes UTF-8 without its byte order mark, and fails with the line of the first byte that is not. */
const decode = (name: string, bytes: Stream.Stream<Uint8Array, SourceError>): Stream.Stream<string, SourceError> =>
  Stream.suspend(() => {
    const decoder = new TextDecoder("utf-8", { fatal: true })
    let line = 1
    const next = (piece: Uint8Array, stream: boolean) =>
      Effect.suspend(() => {
        try {
          const text = decoder.decode(piece, { stream })
          if (text.includes("\0")) return refused(name, line, text)
          line += newlines(text)
          return Effect.succeed(text)
        } catch {
          return refused(name, line, new TextDecoder("utf-8").decode(piece))
        }
      })
    return bytes.pipe(
      Stream.mapEffect((piece) => next(piece, true)),
      Stream.concat(Stream.fromEffect(Effect.suspend(() => next(new Uint8Array(0), false))))
    )
  })

const refused = (name: string, line: number, text: string) => {
  const isUtf16 = line === 1 && /^(\ufffd{2}|.\0)/s.test(text)
  return new SourceError({
    reason: "Encoding",
    source: name,
    line: line + newlines(text.slice(0, Math.max(0, text.search(/[\0\ufffd]/)))),
    detail: isUtf16
      ? "this is UTF-16: save it as UTF-8 (in Excel: CSV UTF-8)"
      : "this is not UTF-8 text: is it another kind of file? Save text in another encoding as UTF-8"
  })
}

const newlines = (text: string): number => {
  let found = 0
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) found++
  return found
}

const unreadable = (name: string) => (cause: unknown) => {
  if (cause instanceof SourceError) return cause
  const { reason } = cause as { reason?: string }
  return reason === "NotFound"
    ? new SourceError({ reason: "NotFound", source: name, detail: "there is no such file" })
    : new SourceError({ reason: "Unreadable", source: name, detail: `it cannot be read: ${explain(cause)}` })
}

const explain = (error: unknown): string => {
  const { cause, message } = error as { cause?: unknown; message?: string }
  const text = cause instanceof Error ? cause.message : message ?? String(error)
  return text.startsWith("EISDIR") ? "it is a folder" : text
}
