/**
 * Heads of answers that other clients read and undici does not: a `100 Continue` that nobody has asked for, and the same length told
 * twice. They are mended in the bytes, before undici sees them. An answer that goes on beyond the length in its head is refused: undici
 * would cut it off there, and what is left may well be read as an answer. And an answer whose end is the end of the connection is
 * not whole where the connection was reset: undici would take it for that.
 *
 * Sources: RFC 9110, 15.2 (a client must be able to parse and may ignore them) and 8.6 (lengths that are the same are one); RFC 9112, 6.3
 * and 11.2 (what goes beyond the length is no part of an answer, and may be somebody's) and 8 (what was cut off is not whole).
 */
import type { Socket } from "node:net"
import { LookupError } from "../Outcome.ts"

type Push = (chunk: Buffer | null, encoding?: BufferEncoding) => boolean
type Write = (...args: ReadonlyArray<unknown>) => boolean

/** Mends what comes over a connection after each request. Where nothing is to be mended it costs a look at a few bytes. */
export const mend = (socket: Socket): void => {
  const own = socket as unknown as { push: Push; write: Write }
  const push = own.push.bind(socket)
  const write = own.write.bind(socket)
  const destroy = socket.destroy.bind(socket)
  let isAwaited = false
  /** The beginning of a head that goes before the answer, of which more is to come. */
  let begun: Buffer | undefined
  /** The beginning of the answer's head, which has been given on. */
  let given: Buffer | undefined
  /** Bytes of the answer that are still to come, where it has told its length. */
  let left = 0
  own.write = (...args) => {
    isAwaited = true
    return write(...args)
  }
  own.push = (chunk, encoding) => {
    if (chunk === null) return !isAwaited && isGone(socket) ? gone(socket) : push(chunk, encoding)
    if (isAwaited) {
      const bytes = begun === undefined ? chunk : Buffer.concat([begun, chunk])
      begun = undefined
      const from = afterInterim(bytes)
      if (from === undefined && bytes.length < longest) {
        begun = bytes
        return true
      }
      const answer = from === undefined || from === 0 ? bytes : bytes.subarray(from)
      if (answer.length === 0) return true
      isAwaited = false
      given = undefined
      return begin(answer, answer)
    }
    if (given !== undefined) return begin(given.length < longest ? Buffer.concat([given, chunk]) : nothing, chunk)
    if (left === 0) return push(chunk)
    if (left < chunk.length && isMore(chunk, left)) return refuse(socket)
    left = Math.max(0, left - chunk.length)
    return push(chunk)
  }
  socket.destroy = (cause) => destroy(isAwaited ? cause : asCut(cause))
  /** Of an answer its first bytes, of which `chunk` is to be given on. */
  const begin = (bytes: Buffer, chunk: Buffer): boolean => {
    left = 0
    const end = bytes[0] === h ? bytes.indexOf(blank) : -1
    given = end < 0 && bytes[0] === h ? bytes : undefined
    if (end < 0) return push(chunk)
    const head = bytes.subarray(0, end)
    const told = lengthOf(head)
    if (told === undefined) return push(chunk)
    const over = end + blank.length + told.length
    if (over !== bytes.length && isFramed(head)) {
      if (over < bytes.length && isMore(bytes, over)) return refuse(socket)
      left = Math.max(0, over - bytes.length)
    }
    return push(told.isTwice && chunk === bytes ? Buffer.concat([once(head, told.length), bytes.subarray(end)]) : chunk)
  }
}

const nothing = Buffer.alloc(0)

/** A reset within an answer by the name of a connection that was closed too soon: by its own undici would take it for an end. */
const asCut = (cause: (Error & { readonly code?: string }) | undefined): Error | undefined =>
  cause?.code === "ECONNRESET" ? Object.assign(new Error(cause.message), { code: "UND_ERR_SOCKET" }) : cause

/** Whether an end is none but a reset: Node tells of an end where the reset came together with bytes, but then there is no other side. */
const isGone = (socket: Socket): boolean => socket.remoteAddress === undefined

const gone = (socket: Socket): boolean => {
  socket.destroy(Object.assign(new Error("reset"), { code: "ECONNRESET" }))
  return false
}

const refuse = (socket: Socket): boolean => {
  socket.destroy(new LookupError({ reason: "protocol", message: "the answer is longer than the length that it tells" }))
  return false
}

/** Whether something goes on there; blank lines, which some servers send behind an answer, and another answer are nothing of this one. */
const isMore = (bytes: Buffer, from: number): boolean => {
  let at = from
  while (bytes[at] === cr || bytes[at] === lf) at++
  return at < bytes.length && bytes.toString("latin1", at, at + 5) !== "HTTP/"
}

/** What is longer is no head that anybody waits for. */
const longest = 64 * 1024

const [h, zero, one, cr, lf] = Array.from("H01\r\n", (text) => text.charCodeAt(0))
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

/** Whether the length is what tells the end of the answer: chunks do so themselves, and some statuses have no body. */
const isFramed = (head: Buffer): boolean => !/^.{9}(?:204|304)|\ntransfer-encoding:/i.test(head.toString("latin1"))

const lengths = ["ontent-Length:", "ontent-length:", "ONTENT-LENGTH:"]

/** The length that a head tells, and whether it does so more than once; nothing where it tells none, or several that differ. */
const lengthOf = (head: Buffer): { readonly length: number; readonly isTwice: boolean } | undefined => {
  let told: string | undefined
  let isTwice = false
  for (const name of lengths) {
    for (let at = head.indexOf(name); at >= 0; at = head.indexOf(name, at + name.length)) {
      if (head[at - 2] !== lf) continue
      const line = head.indexOf("\r", at)
      const text = head.toString("latin1", at + name.length, line < 0 ? head.length : line).trim()
      isTwice ||= told !== undefined || text.includes(",")
      if (told !== undefined && told !== text) return undefined
      told = text
    }
  }
  if (told === undefined) return undefined
  const [text = "", ...others] = new Set(told.split(",").map((text) => text.trim()))
  return others.length === 0 && /^\d{1,15}$/.test(text) ? { length: Number(text), isTwice } : undefined
}

/** The same head with its length told once. */
const once = (head: Buffer, length: number): Buffer => {
  const lines = head.toString("latin1").split("\r\n").filter((line) => !/^content-length:/i.test(line))
  return Buffer.from([...lines, `Content-Length: ${length}`].join("\r\n"), "latin1")
}
