/**
 * A lookup that asks many codes by one call, and a server in virtual time that answers it: a list of what it knows, in an order of its own.
 */
import { Duration, Effect, Option } from "effect"
import type { Lookup } from "../src/Lookup.ts"
import type { Ask } from "../src/Lookup/Ask.ts"
import * as Classify from "../src/Lookup/Classify.ts"
import type { LookupError } from "../src/Outcome.ts"
import type { Reply } from "../src/Reply.ts"

/** What the server says of a code; `undefined`: it leaves it out. */
export interface Item {
  readonly code: string
  readonly status: number
  readonly value?: unknown
}

/** What it says to a call: its items, a status, or nothing ever. */
export type Said = ReadonlyArray<Item | undefined> | number | "hang"

export interface Call {
  readonly codes: ReadonlyArray<string>
  readonly at: number
}

/** A server. `answer` gets the codes of a call, which call it is (from 1), and the time in milliseconds. */
export const serve = (
  most: number,
  answer: (codes: ReadonlyArray<string>, nth: number, at: number) => Said,
  latency = 10
) => {
  const calls: Array<Call> = []
  const ask: Ask<LookupError> = (questions) =>
    Effect.clockWith((clock): Effect.Effect<Reply, LookupError> => {
      const codes = questions.map(({ code }) => code as string)
      const at = clock.unsafeCurrentTimeMillis()
      calls.push({ codes, at })
      const said = answer(codes, calls.length, at)
      if (said === "hang") return Effect.never
      const reply = typeof said === "number"
        ? { status: said, body: `{"message":"no"}` }
        : { status: 200, body: JSON.stringify(said.filter((item) => item !== undefined).toReversed()) }
      return Effect.as(Effect.sleep(Duration.millis(latency)), { ...reply, at, header: () => undefined })
    })
  return { calls, lookup: { ...lookup, most, prepare: Effect.succeed(ask) } }
}

/** The codes from c0 on, each of them found. */
export const found = (codes: ReadonlyArray<string>): ReadonlyArray<Item> =>
  codes.map((code) => ({ code, status: 200, value: code }))

/** Reads an item, and finds what its value is. */
const lookup: Omit<Lookup<unknown, LookupError>, "prepare"> = {
  name: "batched",
  inputs: [],
  fingerprint: Effect.succeed({}),
  read: (reply) =>
    Classify.reply(reply, (body) => ({ verdict: "found", answer: (JSON.parse(body) as { value: unknown }).value })),
  split: (reply, questions) => {
    const items = new Map((JSON.parse(reply.body) as ReadonlyArray<Item>).map((item) => [item.code, item]))
    return questions.map(({ code }) => {
      const item = items.get(code)
      return item && { ...reply, status: item.status, body: JSON.stringify(item) }
    })
  },
  expect: "json",
  idempotent: true,
  reading: "",
  isRead: true,
  weight: 1,
  curl: () => Effect.succeed(Option.none())
}
