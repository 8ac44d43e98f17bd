/**
 * Undoes content encodings, within a limit.
 */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib"
import { LookupError } from "../Outcome.ts"

/** The error of a body beyond the limit. */
export const tooLarge = (maxBody: number) =>
  new LookupError({ reason: "too_large", message: `the body is larger than ${maxBody} bytes` })

type Unpack = (body: Buffer, options: { readonly maxOutputLength: number }) => Buffer

const unpackers = new Map<string, Unpack>([
  ["gzip", gunzipSync],
  ["x-gzip", gunzipSync],
  // as browsers do: RFC 9110 means a zlib stream, some servers send what is in one
  ["deflate", (body, options) => (body[0]! & 0x0f) === 8 ? inflateSync(body, options) : inflateRawSync(body, options)],
  ["br", brotliDecompressSync],
  ["identity", (body) => body]
])

/** No server packs an answer more often. */
const mostEncodings = 4

/** Undoes the content encodings, the last one first; a body that is cut short is an error. */
export const unpack = (encodings: string, body: Buffer, maxBody: number): Buffer | LookupError => {
  const names = encodings.toLowerCase().split(",").map((name) => name.trim()).filter((name) => name !== "")
  if (names.length > mostEncodings) return undecodable(`the body is packed ${names.length} times`)
  let unpacked = body
  for (const name of names.reverse()) {
    const unpacker = unpackers.get(name)
    if (unpacker === undefined) return undecodable(`the content encoding ${name} is not known`)
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
