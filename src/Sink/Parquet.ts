/**
 * Parquet: the columns of a table in a file, for what reads many rows at once. It is written from its first row to its last; a part of it
 * is nothing that a later run could go on with.
 *
 * A column of the input or of the answers has the type that all its values share: BOOLEAN, INT64, DOUBLE, else string. So all are seen before
 * the first is written. `line` and `ordinal` are INT64, other whole numbers INT32, `ms` is DOUBLE, `at` a TIMESTAMP in milliseconds (UTC),
 * `repeat` BOOLEAN.
 */
import { Effect } from "effect"
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer"
import type { Listed, Row } from "../Ledger.ts"
import { type Sink, track } from "../Sink.ts"
import * as Shared from "./Shared.ts"
import { clashed, type SinkError } from "./SinkError.ts"
import type * as Table from "./Table.ts"
import * as Rows from "./Table/Rows.ts"
import type { Target } from "./Target.ts"
import * as Value from "./Value.ts"

/** Rows, and characters of answers, of a row group: what stands in memory at once. */
const [groupSize, groupLength] = [10_000, 16 * 1024 * 1024]

/** Writes to a target. */
export const make = (target: Target, options: Table.TableOptions = {}): typeof Sink.Service => {
  const { id, name } = target
  return {
    outputs: [id],
    select: options.select?.map(({ text }) => text) ?? [],
    check: (marks) => Effect.flatMap(marks.read(id), target.check),
    fits: (list) => Effect.asVoid(rowsOf(name, options, list)),
    open: (run) =>
      Effect.gen(function*() {
        const rows = yield* rowsOf(name, options, run.list)
        const identity = yield* Rows.identify({ select: [], noTiming: false, ...options, list: run.list }, rows)
        const opened = yield* track(target, run, identity, false)
        const from = opened.position ?? 0
        const seen = rows.columns.map(() => new Set<Shared.Shared>())
        const see = (page: ReadonlyArray<Row>) => {
          for (const row of page) {
            rows.encode(row).forEach((cell, index) => {
              if (rows.columns[index]!.kind === "value" && cell !== null) {
                seen[index]!.add(Shared.of(cell as Exclude<Value.Value, null>))
              }
            })
          }
        }
        /** Where rows come only once, values are text. */
        const columns = () =>
          rows.columns.map((column, index): Rows.Column =>
            column.kind === "value" && run.again !== undefined
              ? { ...column, kind: Shared.typeOf(seen[index]!) }
              : column
          )
        let body = run.again === undefined ? writing(rows, columns(), opened.write) : undefined
        return {
          position: from,
          write: (page) => {
            const mine = page.filter(({ ordinal }) => ordinal >= from)
            return body === undefined ? Effect.sync(() => see(mine)) : body.write(mine)
          },
          keep: () => Effect.void,
          complete: opened.complete(Effect.gen(function*() {
            body ??= writing(rows, columns(), opened.write)
            if (run.again !== undefined) yield* run.again(body.write)
            yield* body.end
          }))
        }
      })
  }
}

/** Writes rows in groups, in columns of these types. */
const writing = (
  { encode }: Rows.Encoder,
  columns: ReadonlyArray<Rows.Column>,
  write: (bytes: Uint8Array) => Effect.Effect<void, SinkError>
) => {
  const bytes = new ByteWriter()
  const parquet = new ParquetWriter({ writer: bytes, schema: schemaOf(columns), createdBy: "rollcall" })
  let group = columns.map((): Array<unknown> => [])
  let length = 0
  /** Hands over what the writer has made. */
  const emit = Effect.suspend(() => bytes.index === 0 ? Effect.void : write(bytes.getBytes())).pipe(
    Effect.map(() => {
      bytes.index = 0
    })
  )
  const flush = Effect.suspend(() => {
    parquet.write({
      columnData: columns.map(({ name }, index): ColumnSource => ({ name, data: group[index]! })),
      rowGroupSize: groupSize
    })
    group = columns.map(() => [])
    length = 0
    return emit
  })
  return {
    write: (page: ReadonlyArray<Row>) =>
      Effect.forEach(page, (row) => {
        encode(row).forEach((cell, index) => group[index]!.push(value(columns[index]!.kind, cell)))
        length += row.body?.length ?? 0
        return group[0]!.length >= groupSize || length >= groupLength ? flush : Effect.void
      }, { discard: true }),
    end: Effect.zipRight(
      flush,
      Effect.suspend(() => {
        parquet.finish()
        return emit
      })
    )
  }
}

const schemaOf = (columns: ReadonlyArray<Rows.Column>): ParquetWriter["schema"] => [
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
} as const satisfies Record<Rows.Kind, Partial<ParquetWriter["schema"][number]>>

const value = (kind: Rows.Kind, cell: unknown): unknown => {
  if (cell === null) return null
  const number = Shared.numberIn(cell as Value.Value) ?? cell
  if (kind === "place" || kind === "time") return BigInt(number as number | bigint)
  if (kind === "real") return Number(number)
  return types[kind] === text ? Value.textOf(cell as Value.Value) : cell
}

const rowsOf = (
  path: string,
  options: Table.TableOptions,
  list: Listed
): Effect.Effect<Rows.Encoder, SinkError> => {
  const rows = Rows.make({ select: [], noTiming: false, ...options, list })
  return "clash" in rows
    ? clashed(path, rows)
    : Effect.succeed(rows)
}
