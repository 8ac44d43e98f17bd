/**
 * Parquet: the columns of a table in a file, for what reads many rows at once. It is written from its first row to its last; a part of it
 * is nothing that a later run could go on with.
 *
 * Text, and values of the input and of answers, are strings: what is a number in one row may be text in the next. `line` and `ordinal` are
 * INT64, other whole numbers INT32, `ms` is DOUBLE, `at` a TIMESTAMP in milliseconds (UTC), `repeat` BOOLEAN.
 */
import type { FileSystem } from "@effect/platform"
import { Effect } from "effect"
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer"
import type { Listed } from "../Ledger.ts"
import { type Sink, SinkError, track } from "../Sink.ts"
import * as File from "./File.ts"
import * as Table from "./Table.ts"
import * as Value from "./Value.ts"

/** Rows, and characters of answers, of a row group: what stands in memory at once. */
const [groupSize, groupLength] = [10_000, 16 * 1024 * 1024]

/** Writes to the file in `path`, as {@link File.make} does. */
export const make = (
  path: string,
  id = path,
  options: Table.TableOptions = {}
): Effect.Effect<typeof Sink.Service, never, FileSystem.FileSystem> =>
  Effect.map(File.make(path, id), (target): typeof Sink.Service => ({
    outputs: [id],
    select: options.select?.map(({ text }) => text) ?? [],
    check: (marks) => Effect.flatMap(marks.read(id), target.check),
    fits: (list) => Effect.asVoid(rowsOf(path, options, list)),
    open: (run) =>
      Effect.gen(function*() {
        const rows = yield* rowsOf(path, options, run.list)
        const identity = yield* Table.identify({ select: [], noTiming: false, ...options, list: run.list }, rows)
        const opened = yield* track(target, run, identity, false)
        const from = opened.position ?? 0
        const bytes = new ByteWriter()
        const parquet = new ParquetWriter({ writer: bytes, schema: schemaOf(rows.columns), createdBy: "rollcall" })
        let group = rows.columns.map((): Array<unknown> => [])
        let length = 0
        /** Hands over what the writer has made. */
        const emit = Effect.suspend(() => bytes.index === 0 ? Effect.void : opened.write(bytes.getBytes())).pipe(
          Effect.map(() => {
            bytes.index = 0
          })
        )
        const flush = Effect.suspend(() => {
          parquet.write({
            columnData: rows.columns.map(({ name }, index): ColumnSource => ({ name, data: group[index]! })),
            rowGroupSize: groupSize
          })
          group = rows.columns.map(() => [])
          length = 0
          return emit
        })
        return {
          position: from,
          write: (page) =>
            Effect.forEach(page, (row) => {
              if (row.ordinal < from) return Effect.void
              rows.encode(row).forEach((cell, index) => group[index]!.push(value(rows.columns[index]!.kind, cell)))
              length += row.body?.length ?? 0
              return group[0]!.length >= groupSize || length >= groupLength ? flush : Effect.void
            }, { discard: true }),
          keep: () => Effect.void,
          complete: opened.complete(Effect.suspend(() =>
            Effect.zipRight(
              flush,
              Effect.suspend(() => {
                parquet.finish()
                return emit
              })
            )
          ))
        }
      })
  }))

const schemaOf = (columns: ReadonlyArray<Table.Column>): ParquetWriter["schema"] => [
  { name: "rollcall", num_children: columns.length },
  ...columns.map(({ kind, name }) => ({ name, repetition_type: "OPTIONAL" as const, ...types[kind] }))
]

const text = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const
const types = {
  integer: { type: "INT32" },
  place: { type: "INT64" },
  real: { type: "DOUBLE" },
  boolean: { type: "BOOLEAN" },
  time: {
    type: "INT64",
    converted_type: "TIMESTAMP_MILLIS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" }
  },
  text,
  // what has the type JSON is bytes to many a reader
  json: text,
  value: text
} as const satisfies Record<Table.Kind, Partial<ParquetWriter["schema"][number]>>

const value = (kind: Table.Kind, cell: unknown): unknown => {
  if (cell === null) return null
  if (kind === "place" || kind === "time") return BigInt(cell as number)
  return types[kind] === text ? Value.textOf(cell as Value.Value) : cell
}

const rowsOf = (
  path: string,
  options: Table.TableOptions,
  list: Listed
): Effect.Effect<Table.Encoder, SinkError> => {
  const rows = Table.encoder({ select: [], noTiming: false, ...options, list })
  return "clash" in rows
    ? new SinkError({ reason: "Clash", sink: path, detail: rows.clash })
    : Effect.succeed(rows)
}
