/**
 * The tables that outputs go to, each in a real database of its own.
 */
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import { inject } from "vitest"
import type { Sink } from "../../src/Sink.ts"
import type { Mark, Marks } from "../../src/Sink/Mark.ts"
import * as Postgres from "../../src/Sink/Postgres.ts"
import * as Sqlite from "../../src/Sink/Sqlite.ts"
import type { TableOptions } from "../../src/Sink/Table.ts"
import { isThere } from "../schema.ts"
import { query } from "../sqlite.ts"

/** A database, looked at by somebody else. */
export interface Place {
  /** The file, or the URL. */
  readonly at: string
  readonly sink: (options?: TableOptions, table?: string) => typeof Sink.Service
  readonly run: (...texts: ReadonlyArray<string>) => Effect.Effect<unknown>
  /** Cells in the words of JSON: `true` and `false`, ISO 8601, JSON as text. */
  readonly select: (text: string) => Effect.Effect<ReadonlyArray<Record<string, unknown>>>
  /** Makes every COMMIT fail that inserts a row of this code. */
  readonly refuse: (code: string) => Effect.Effect<unknown>
}

/** Lasts as long as the scope. */
const folder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.provide(NodeFileSystem.layer),
  Effect.orDie
)

export const sqlite: Effect.Effect<Place, never, Scope.Scope> = Effect.gen(function*() {
  const at = `${yield* folder}/all.db`
  const run: Place["run"] = (...texts) => query(at, ...texts)
  return {
    at,
    sink: (options, table) => Sqlite.make(at, table === undefined ? {} : { table }, options),
    run,
    select: (text) =>
      Effect.map(
        query(at, text),
        (rows) => rows.map((row) => "repeat" in row ? { ...row, repeat: row.repeat === 1 } : row)
      ),
    refuse: (code) =>
      run(
        "create table none (id integer primary key)",
        "create table wish (id integer references none deferrable initially deferred)",
        `create trigger refuse after insert on rollcall when new.code = '${code}' begin insert into wish values (1); end`
      )
  }
})

let schemas = 0

export const postgres: Effect.Effect<Place, never, Scope.Scope> = Effect.gen(function*() {
  const url = new URL(inject("postgres"))
  const schema = `sink_${process.pid}_${++schemas}`
  // the client has several connections, and makes new ones
  const found = new URL(url)
  found.searchParams.set("options", `-c search_path=${schema}`)
  const client = yield* Layer.build(PgClient.layer({
    url: Redacted.make(found.href),
    types: { getTypeParser: (type: number) => parsers[type] ?? ((text: string) => text) }
  })).pipe(Effect.map((context) => Context.get(context, PgClient.PgClient)), Effect.orDie)
  const run: Place["run"] = (...texts) => Effect.orDie(Effect.forEach(texts, (text) => client.unsafe(text)))
  yield* Effect.acquireRelease(run(`create schema ${schema}`), () => run(`drop schema ${schema} cascade`))
  const at = (table: string) => {
    url.searchParams.set("table", `${schema}.${table}`)
    return url.href
  }
  return {
    at: at("rollcall"),
    sink: (options, table = "rollcall") => Effect.runSync(Postgres.make(Redacted.make(at(table)), options)),
    run,
    select: (text) => Effect.orDie(client.unsafe<Record<string, unknown>>(text)),
    refuse: (code) =>
      run(
        `create function ${schema}.refuse() returns trigger language plpgsql as
           $$ begin raise exception 'not % again', new.code; end $$`,
        `create constraint trigger refuse after insert on rollcall deferrable initially deferred
           for each row when (new.code = '${code}') execute function ${schema}.refuse()`
      )
  }
})

const parsers: Record<number, (text: string) => unknown> = {
  16: (text) => text === "t",
  20: Number,
  23: Number,
  701: Number,
  1184: (text) => new Date(text).toISOString()
}

/** The tables by name. */
export const places: Readonly<Record<string, typeof sqlite>> = {
  Sqlite: sqlite,
  ...(isThere ? { Postgres: postgres } : {})
}

/** A ledger's marks, of a list that never changes. */
export const marks = (): Marks => {
  const notes = new Map<string, Mark>()
  return {
    read: (output) => Effect.sync(() => notes.get(output)),
    valid: () => Effect.succeed(undefined),
    changedSince: () => Effect.succeed(Infinity),
    write: (output, mark) => Effect.sync(() => notes.set(output, mark))
  }
}
