/**
 * From bytes to text. UTF-8 unless told otherwise or marked; UTF-16 is told by its mark, and Windows-1252 guessed where nothing in the text
 * speaks against it. What is none of them is refused by line.
 */
import { Effect, Stream } from "effect"
import type { Remedy } from "../Outcome.ts"
import { ends } from "./Lines.ts"
import { SourceError } from "./SourceError.ts"
import type { Told } from "./Told.ts"

/** An encoding by any of its names (WHATWG), as a canonical name; nothing where there is none. */
export const named = (label: string): string | undefined => {
  try {
    return new TextDecoder(label.trim().replace(/^cp-?(?=\d)/i, "windows-")).encoding
  } catch {
    return undefined
  }
}

/** Gives text for bytes that come in pieces, or says what is wrong with them. */
type Decoder = (
  piece: Uint8Array,
  isLast: boolean
) => string | { readonly problem: string; readonly line?: number; readonly remedy?: Remedy }

/** The text of bytes, without a byte order mark. The first piece has four bytes, if there are as many. */
export const decode = (
  source: string,
  bytes: Stream.Stream<Uint8Array, SourceError>,
  encoding: string | undefined,
  told: Told
): Stream.Stream<string, SourceError> =>
  Stream.suspend(() => {
    let decoder: Decoder | undefined
    let line = 1
    const next = (piece: Uint8Array, isLast: boolean) =>
      Effect.suspend(() => {
        decoder ??= choose(piece, encoding, told, () => line)
        const text = decoder(piece, isLast)
        const failed = (line: number, detail: string, remedy?: Remedy) =>
          new SourceError({ reason: "Encoding", source, line, detail, remedy })
        if (typeof text !== "string") return failed(text.line ?? line, text.problem, text.remedy)
        if (text.includes("\0")) return failed(line + ends(text.slice(0, text.indexOf("\0"))), nul)
        line += ends(text)
        return Effect.succeed(text)
      })
    return bytes.pipe(
      Stream.mapEffect((piece) => next(piece, false)),
      Stream.concat(Stream.fromEffect(Effect.suspend(() => next(new Uint8Array(0), true))))
    )
  })

const nul = "there is a NUL in it, which no text has: is it a list?"

const choose = (head: Uint8Array, encoding: string | undefined, told: Told, line: () => number): Decoder => {
  if (encoding === "windows-1252") return (piece) => fromWindows1252(piece)
  if (encoding !== undefined) return strict(encoding)
  const [a, b, c, d] = head
  if (a === 0xff && b === 0xfe) return assumed(told, "UTF-16", strict("utf-16le"))
  if (a === 0xfe && b === 0xff) return assumed(told, "UTF-16", strict("utf-16be"))
  if (a !== 0 && b === 0 && c !== 0 && d === 0) return assumed(told, "UTF-16", strict("utf-16le"))
  if (a === 0 && b !== 0 && c === 0 && d !== 0) return assumed(told, "UTF-16", strict("utf-16be"))
  return guessing(told, line)
}

const assumed = (told: Told, what: string, decoder: Decoder): Decoder => {
  told.assumed.push(what)
  return decoder
}

const strict = (encoding: string): Decoder => {
  const decoder = new TextDecoder(encoding, { fatal: true })
  return (piece, isLast) => {
    try {
      return decoder.decode(piece, { stream: !isLast })
    } catch {
      return {
        problem: `this is not ${encoding.toUpperCase()} text: is it whole, and is its encoding right?`,
        remedy: "encoding"
      }
    }
  }
}

/**
 * UTF-8; or Windows-1252, where no character outside of ASCII is UTF-8, and each byte has a meaning there. A break in a text that is UTF-8
 * elsewhere, before it or after it, is a damage and no other encoding.
 */
const guessing = (told: Told, line: () => number): Decoder => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  let isUtf8 = false
  /** The line of the first byte that is not UTF-8. */
  let broken: number | undefined
  /** Bytes of a character whose rest is still to come. */
  let open: Uint8Array = new Uint8Array(0)
  let isFirst = true
  let isDoubted = false
  const doubted = (text: ReturnType<Decoder>): ReturnType<Decoder> => {
    const [word] = (isDoubted || typeof text !== "string" ? undefined : foreign.exec(text)) ?? []
    if (word !== undefined) {
      isDoubted = true
      told.foreign = word.slice(0, 20)
    }
    return text
  }
  return (piece, isLast) => {
    if (broken !== undefined) {
      if (sequences(piece) > 0) return { problem: notUtf8, line: broken, remedy: "encoding" }
      return doubted(windows1252(piece, broken))
    }
    if (isFirst && piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf) {
      piece = piece.subarray(3)
      // it says so itself
      isUtf8 = true
    }
    isFirst = false
    const bytes = open.length === 0 ? piece : Buffer.concat([open, piece])
    const end = isLast ? bytes.length : bytes.length - unfinished(bytes)
    open = bytes.subarray(end)
    try {
      const text = decoder.decode(bytes.subarray(0, end))
      isUtf8 ||= text.length < end
      return text
    } catch {
      const at = line() + ends(new TextDecoder().decode(bytes).split("\ufffd", 1)[0]!)
      if (isUtf8 || sequences(bytes) > 0) return { problem: notUtf8, line: at, remedy: "encoding" }
      broken = at
      open = new Uint8Array(0)
      told.assumed.push("Windows-1252")
      return doubted(windows1252(bytes, at))
    }
  }
}

/** A word of letters outside of ASCII alone: those of the west have one or two of them in a row. */
const foreign = /[\u00c0-\u00ff]{4,}/

const notUtf8 = "this is not UTF-8 text, and it is UTF-8 elsewhere: is it damaged, or put together from two files? "
  + "It can be read as another encoding"

const neither = "this is not UTF-8 text: save text in another encoding as UTF-8, or name that; "
  + "other kinds of file are not read"

const windows1252 = (piece: Uint8Array, broken: number): ReturnType<Decoder> =>
  piece.some((byte) => isUndefined.has(byte) || (byte < 0x20 && !isLayout.has(byte)))
    ? { problem: neither, line: broken, remedy: "encoding" }
    : fromWindows1252(piece)

/** Bytes without a meaning in Windows-1252. */
const isUndefined: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d])

/** Control characters that text files have: tab, line ends, form feed, and the end of a file of DOS. */
const isLayout: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1a])

/** Not by `TextDecoder`: some versions of Node.js take it for Latin-1. Source: WHATWG, Encoding, index windows-1252. */
const fromWindows1252 = (piece: Uint8Array): string =>
  latin1(piece).replace(
    /[\x80-\x9f]/g,
    (char) => high[char.charCodeAt(0) - 0x80]!
  )

const high = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"

const latin1 = (piece: Uint8Array): string =>
  Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("latin1")

/** How many bytes follow the first one of a character in UTF-8; none for what begins no character of several. */
const following = (byte: number): number =>
  byte >= 0xc2 && byte <= 0xdf ? 1 : byte >= 0xe0 && byte <= 0xef ? 2 : byte >= 0xf0 && byte <= 0xf4 ? 3 : 0

/** How many bytes at the end are the beginning of a character. */
const unfinished = (bytes: Uint8Array): number => {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!
    if (following(byte) >= back) return back
    if (byte < 0x80 || byte > 0xbf) return 0
  }
  return 0
}

/** Characters of several bytes that are whole UTF-8. */
const sequences = (bytes: Uint8Array): number => {
  let found = 0
  for (let at = 0; at < bytes.length; at++) {
    const rest = following(bytes[at]!)
    if (rest === 0) continue
    let length = 0
    while (length < rest && (bytes[at + length + 1]! & 0xc0) === 0x80) length++
    if (length === rest) found++
    at += length
  }
  return found
}
