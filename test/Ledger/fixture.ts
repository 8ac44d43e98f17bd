/**
 * Lists and outcomes for ledgers.
 */
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { type Answered, type Enrolled, Ledger, type List, type Row } from "../../src/Ledger.ts"
import * as Memory from "../../src/Ledger/Memory.ts"
import * as Postgres from "../../src/Ledger/Postgres.ts"
import * as Sqlite from "../../src/Ledger/Sqlite.ts"
import * as Schemas from "../schema.ts"

/** The ledgers by name, each empty. */
export const ledgers: Record<string, Layer.Layer<Ledger, unknown>> = {
  Memory: Memory.layer,
  Sqlite: Layer.unwrapScoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return Sqlite.layer(`${yield* fs.makeTempDirectoryScoped()}/zips.ledger`)
  })).pipe(Layer.provide(NodeFileSystem.layer)),
  ...(Schemas.isThere ? { Postgres: Layer.unwrapScoped(Effect.map(Schemas.fresh, Postgres.layer)) } : {})
}

/** A list of codes; one that is empty is not a code. */
export const entries = (codes: ReadonlyArray<string>, from = 0): ReadonlyArray<Enrolled> =>
  codes.map((code, index) => ({
    ordinal: from + index,
    line: from + index + 1,
    key: code === "" ? null : code,
    input: code,
    columns: null,
    error: code === "" ? "{\"type\":\"invalid_code\",\"message\":\"the code is empty\"}" : null
  }))

export const list = (entries: number, given: Partial<List> = {}): List => ({
  name: "zips",
  source: "zips.txt",
  entries,
  columns: [],
  column: null,
  inputs: [],
  expect: "json",
  select: [],
  outputs: [],
  ...given
})

export const answer = (question: number, given: Partial<Answered> = {}): Answered => ({
  question,
  outcome: "found",
  http_status: 200,
  attempts: 1,
  calls: 1,
  ms: 12.3,
  at: 1_700_000_000_000,
  body: "{}",
  error: null,
  ...given
})

/** Enters a whole list; the result is its id. */
export const enroll = (list_: ReadonlyArray<Enrolled>, given: Partial<List> = {}) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const what = list(list_.length, given)
    yield* ledger.begin({ url: "https://api.example/{code}" })
    const id = yield* ledger.enlist(what.name)
    yield* ledger.enroll(id, list_)
    yield* ledger.enrolled(id, what)
    return id
  })

/** The pending questions in order, read in pages. */
export const pending = (limit: number, from = 0, id = 0) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const found: Array<string> = []
    for (let at = from;;) {
      const page = yield* ledger.pending(id, at, limit)
      if (page.length === 0) return found
      found.push(...page.map(({ key }) => key))
      at = page.at(-1)!.ordinal + 1
    }
  })

/** Answers the pending questions with these codes. */
export const settle = (codes: ReadonlyArray<string>, given?: (code: string) => Partial<Answered>, id = 0) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const ids = new Map((yield* ledger.pending(id, 0, 1_000)).map(({ key, question }) => [key, question]))
    yield* ledger.record(id, codes.map((code) => answer(ids.get(code)!, { body: `"${code}"`, ...given?.(code) })))
  })

/** All entries, in pages. */
export const rows = (limit = 1_000, id = 0) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const found: Array<Row> = []
    for (let at = 0;; at += limit) {
      const page = yield* ledger.rows(id, at, limit)
      if (page.length === 0) return found
      found.push(...page)
    }
  })

/** A row in short: its line and code, then what is known of it. */
export const short = ({ body, isRepeat, key, line, outcome }: Row) =>
  `${line} ${key}${isRepeat ? " again" : ""}: ${outcome === "found" ? body : outcome}`
