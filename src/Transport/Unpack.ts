/**
 * Undoes content encodings, within a limit.
 */
import * as Zlib from "node:zlib"
import { LookupError } from "../Outcome.ts"

/** The error of a body beyond the limit. */
export const tooLarge = (maxBody: number) =>
  new LookupError({ reason: "too_large", message: `the body is larger than ${maxBody} bytes` })

interface Limit {
  readonly maxOutputLength: number
}

type Unpack = (body: Buffer, limit: Limit) => Buffer

/** What zlib gives where it is asked how much it has read. */
interface Inflated {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

/** gzip as Node has it refuses what stands behind the end of a stream; other clients do not mind, and servers send it. */
const gunzip: Unpack = (body, limit) => {
  try {
    return Zlib.gunzipSync(body, limit)
  } catch (cause) {
    const { code } = cause as { readonly code?: string }
    if (code !== "Z_DATA_ERROR" && code !== "Z_BUF_ERROR") throw cause
    return members(body, limit) ?? raise(cause)
  }
}

const raise = (cause: unknown): never => {
  throw cause
}

/** The members of a gzip stream up to what is none; nothing where one of them is not whole (RFC 1952, 2.3). */
const members = (body: Buffer, { maxOutputLength }: Limit): Buffer | undefined => {
  const found: Array<Buffer> = []
  let left = maxOutputLength
  let at = 0
  for (let begin = headerEnd(body, at); begin !== undefined; begin = headerEnd(body, at)) {
    const { buffer, engine } = Zlib.inflateRawSync(body.subarray(begin), {
      maxOutputLength: Math.max(left, 1),
      info: true
    }) as unknown as Inflated
    const end = begin + engine.bytesWritten
    if (body.length < end + 8 || body.readUInt32LE(end) !== Zlib.crc32(buffer)) return undefined
    if (body.readUInt32LE(end + 4) !== buffer.length % 2 ** 32) return undefined
    found.push(buffer)
    left -= buffer.length
    at = end + 8
  }
  return found.length === 0 ? undefined : Buffer.concat(found)
}

/** Where the header of a member ends that begins here; nothing where none begins. */
const headerEnd = (body: Buffer, from: number): number | undefined => {
  if (body[from] !== 0x1f || body[from + 1] !== 0x8b || body[from + 2] !== 8) return undefined
  const flags = body[from + 3]!
  let at = from + 10
  if ((flags & 4) !== 0) at += 2 + (body.length > at + 1 ? body.readUInt16LE(at) : body.length)
  // a name, and a comment
  for (const flag of [8, 16]) if ((flags & flag) !== 0) at = (body.indexOf(0, at) + 1) || body.length
  return (flags & 2) === 0 ? at : at + 2
}

const identity: Unpack = (body) => body

/** Older versions of Node have none. */
const { zstdDecompressSync } = Zlib as { readonly zstdDecompressSync?: Unpack }

/** By name. What is none of them stands for no packing at all: servers write a charset there, or `none`. */
const unpackers = new Map<string, Unpack>([
  ["gzip", gunzip],
  ["x-gzip", gunzip],
  // as browsers do: RFC 9110 means a zlib stream, some servers send what is in one
  [
    "deflate",
    (body, limit) => (body[0]! & 0x0f) === 8 ? Zlib.inflateSync(body, limit) : Zlib.inflateRawSync(body, limit)
  ],
  ["br", (body, limit) => Zlib.brotliDecompressSync(body, limit)],
  ...(zstdDecompressSync === undefined ? [] : [["zstd", zstdDecompressSync] as const])
])

/** Known ones that cannot be undone here. */
const others = new Set(["compress", "x-compress", "zstd", "dcb", "dcz", "exi", "pack200-gzip", "aes128gcm"])

/** No server packs an answer more often. */
const mostEncodings = 4

/** Undoes the content encodings, the last one first; a body that is cut short is an error. */
export const unpack = (encodings: string, body: Buffer, maxBody: number): Buffer | LookupError => {
  const names = encodings.toLowerCase().split(",").map((name) => name.trim()).filter((name) => name !== "")
  if (names.length > mostEncodings) return undecodable(`the body is packed ${names.length} times`)
  let unpacked = body
  for (const name of names.reverse()) {
    const unpacker = unpackers.get(name) ?? identity
    if (unpacker === identity && others.has(name)) return undecodable(`the content encoding ${name} is not known`)
    try {
      unpacked = unpacker(unpacked, { maxOutputLength: maxBody })
    } catch (cause) {
      return (cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE"
        ? tooLarge(maxBody)
        : undecodable(`the ${name} body does not unpack: ${(cause as Error).message}`)
    }
  }
  return unpacked
}

const undecodable = (message: string) => new LookupError({ reason: "decode", message })
