/**
 * Heads of answers that other clients read and undici does not: a `100 Continue` that nobody has asked for, and the same length told
 * twice. They are mended in the bytes, before undici sees them.
 *
 * Sources: RFC 9110, 15.2 (a client must be able to parse and may ignore them) and 8.6 (lengths that are the same are one).
 */
import type { Socket } from "node:net"

type Push = (chunk: Buffer | null, encoding?: BufferEncoding) => boolean
type Write = (...args: ReadonlyArray<unknown>) => boolean

/** Mends what comes over a connection after each request. Where nothing is to be mended it costs a look at a few bytes. */
export const mend = (socket: Socket): void => {
  const own = socket as unknown as { push: Push; write: Write }
  const push = own.push.bind(socket)
  const write = own.write.bind(socket)
  let isAwaited = false
  /** The beginning of a head that goes before the answer, of which more is to come. */
  let begun: Buffer | undefined
  own.write = (...args) => {
    isAwaited = true
    return write(...args)
  }
  own.push = (chunk, encoding) => {
    if (chunk === null || !isAwaited) return push(chunk, encoding)
    const bytes = begun === undefined ? chunk : Buffer.concat([begun, chunk])
    begun = undefined
    const from = afterInterim(bytes)
    if (from === undefined && bytes.length < longest) {
      begun = bytes
      return true
    }
    const left = from === undefined || from === 0 ? bytes : bytes.subarray(from)
    if (left.length === 0) return true
    isAwaited = false
    return push(withOneLength(left))
  }
}

/** What is longer is no interim head. */
const longest = 64 * 1024

const [h, zero, one] = Array.from("H01", (text) => text.charCodeAt(0))
const blank = "\r\n\r\n"
const statusAt = "HTTP/1.1 ".length

/** Where the heads end that go before the answer, and mean nothing; nothing where that is still to come. A 101 is none of them. */
const afterInterim = (bytes: Buffer): number | undefined => {
  for (let at = 0;;) {
    if (bytes[at] === h && bytes.length < at + statusAt + 3) return undefined
    if (bytes[at] !== h || bytes[at + statusAt] !== one || isSwitch(bytes, at + statusAt)) return at
    const end = bytes.indexOf(blank, at)
    if (end < 0) return undefined
    at = end + blank.length
  }
}

const isSwitch = (bytes: Buffer, at: number) => bytes[at + 1] === zero && bytes[at + 2] === one

const lengths = ["ontent-Length:", "ontent-length:"]

const withOneLength = (bytes: Buffer): Buffer => {
  const end = bytes.indexOf(blank)
  if (end < 0) return bytes
  const head = bytes.subarray(0, end)
  let isTwice = false
  let count = 0
  for (const name of lengths) {
    for (let at = head.indexOf(name); at >= 0; at = head.indexOf(name, at + name.length)) {
      count++
      const line = head.indexOf("\r", at)
      const comma = head.indexOf(",", at)
      isTwice ||= count > 1 || (comma >= 0 && (line < 0 || comma < line))
    }
  }
  return isTwice ? Buffer.concat([Buffer.from(merged(head.toString("latin1")), "latin1"), bytes.subarray(end)]) : bytes
}

/** Lengths that differ stay, and are refused. */
const merged = (head: string): string => {
  const lines = head.split("\r\n")
  const isLength = (line: string) => /^content-length:/i.test(line)
  const told = lines.filter(isLength).flatMap((line) => line.slice(line.indexOf(":") + 1).split(",")).map((text) =>
    text.trim()
  )
  if (new Set(told).size !== 1) return head
  let isFirst = true
  return lines.flatMap((line) => {
    if (!isLength(line)) return [line]
    const kept = isFirst ? [`Content-Length: ${told[0]}`] : []
    isFirst = false
    return kept
  }).join("\r\n")
}
