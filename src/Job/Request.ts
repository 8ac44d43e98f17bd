/**
 * What is asked, and how the API is reached.
 */
import { Schema } from "effect"
import { Expect } from "../Answer/Expect.ts"
import * as Key from "./Key.ts"

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const

/** `Name: value`, as curl takes it. */
const Header = Schema.String.pipe(Schema.filter((text) => /^[^:\s]+:/.test(text) || "write it as 'Name: value'"))

const units = { "": 1, k: 1e3, m: 1e6, g: 1e9, ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30 } as const

/** No string of V8 is longer. */
const largest = 500e6

const bytes = (text: string): number | undefined => {
  const [, number, unit = ""] = /^(\d{1,12}(?:\.\d+)?) ?([kmg]i?)?b?$/i.exec(text) ?? []
  return number === undefined ? undefined : Math.round(Number(number) * units[unit.toLowerCase() as keyof typeof units])
}

/** `8MiB`, `500k`, `1000`: bytes. */
export const Size = Schema.transform(
  Schema.String.pipe(Schema.filter((text) => {
    const size = bytes(text)
    if (size === undefined) return "write a size such as 8MiB, 500k or 100000"
    return (size >= 1 && size <= largest) || "write a size from 1 to 500MB"
  })),
  Schema.Int,
  { strict: true, decode: (text) => bytes(text)!, encode: String }
)

/** What a header can hold. */
const UserAgent = Schema.String.pipe(
  Schema.filter((text) => /^[\x21-\x7e][\x20-\x7e]*$/.test(text) || "write a word or a line of ASCII")
)

export const keys = {
  url: Key.one(Key.text),
  method: Key.one(Key.choice(methods)),
  header: Key.several(Header, ": "),
  "header-file": Key.one(Key.text),
  data: Key.one(Key.text),
  "header-encoding": Key.one(Key.choice(["latin1", "utf8"])),
  expect: Key.one(Key.choice(Expect.literals)),
  "allow-origin": Key.several(Key.text),
  idempotent: Key.toggle,
  "idempotency-key": Key.toggle,
  ca: Key.one(Key.text),
  insecure: Key.toggle,
  cert: Key.one(Key.text),
  key: Key.one(Key.text),
  lenient: Key.toggle,
  http2: Key.toggle,
  "user-agent": Key.one(UserAgent),
  "max-body": Key.one(Size)
}
