/**
 * A sink is a projection of the ledger: rows in a format, which is pure, written to a target.
 */
import { Context, Effect, Layer, Schema, type Scope } from "effect"
import type { List, Row } from "./Ledger.ts"
import type * as Lookup from "./Lookup.ts"
import type { Select } from "./Lookup/Select.ts"
import * as Csv from "./Sink/Csv.ts"
import * as Ndjson from "./Sink/Ndjson.ts"

/** The output cannot be written. `Closed` is a reader that went away. */
export class SinkError extends Schema.TaggedError<SinkError>()("SinkError", {
  reason: Schema.Literal("Exists", "Open", "Write", "Closed", "Clash"),
  sink: Schema.String,
  detail: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  override get message() {
    return `${this.sink}: ${this.detail}`
  }
}

/** What a format has to know besides the rows. */
export interface Layout {
  readonly list: List
  /** How the lookup writes keys and answers. */
  readonly lookup: Pick<Lookup.Any, "expect" | "inputs">
  /** The fields to pick out of an answer; none for the whole answer. */
  readonly select: ReadonlyArray<Select>
  /** Leave `ms` and `at` out, so that equal runs give equal bytes. */
  readonly noTiming: boolean
}

/** A layout as rows of text. */
export interface Encoder {
  /** What stands before the first row. */
  readonly header: string
  readonly encode: (row: Row) => string
}

/** How rows become text. Adding one is a file in Sink/ and a key in {@link formats}. */
export interface Format {
  /** Endings of file names, without the dot. */
  readonly endings: ReadonlyArray<string>
  /** An encoder, or why the layout has none. */
  readonly encoder: (layout: Layout) => Encoder | { readonly clash: string }
}

/** The formats by name. */
export const formats = {
  ndjson: Ndjson.format,
  csv: Csv.format
} as const satisfies Record<string, Format>

/** The name of a format. */
export const FormatName = Schema.Literal(...(Object.keys(formats) as Array<keyof typeof formats>))
export type FormatName = typeof FormatName.Type

/** The format that the ending of a file name tells. */
export const formatOf = (name: string): FormatName | undefined =>
  Object.entries(formats).find(([, { endings }]) => endings.some((ending) => name.toLowerCase().endsWith(`.${ending}`)))
    ?.[0] as FormatName | undefined

/** Takes the rows of a run, in order. */
export interface Writer {
  readonly write: (rows: ReadonlyArray<Row>) => Effect.Effect<void, SinkError>
  /** All rows have been written. */
  readonly complete: Effect.Effect<void, SinkError>
}

/** Where the records of a run go. */
export class Sink extends Context.Tag("rollcall/Sink")<Sink, {
  /** What it writes, by id. */
  readonly outputs: ReadonlyArray<string>
  /** Fails where writing would destroy what is not ours; `ours` are the outputs of earlier runs on the same ledger. */
  readonly check: (ours: ReadonlyArray<string>) => Effect.Effect<void, SinkError>
  readonly open: (layout: Pick<Layout, "list" | "lookup">) => Effect.Effect<Writer, SinkError, Scope.Scope>
}>() {}

/** Where text goes: a file, standard output. */
export interface Target {
  readonly name: string
  /** The same for the same target, however its name is written. */
  readonly id: string
  readonly check: (ours: ReadonlyArray<string>) => Effect.Effect<void, SinkError>
  readonly open: Effect.Effect<
    {
      readonly write: (text: string) => Effect.Effect<void, SinkError>
      readonly complete: Effect.Effect<void, SinkError>
    },
    SinkError,
    Scope.Scope
  >
}

/** How the rows are laid out. */
export interface Options {
  readonly format: FormatName
  readonly select?: ReadonlyArray<Select>
  readonly noTiming?: boolean
}

/** Characters that are written at a time, about. */
const pieceLength = 1024 * 1024

/** A format written to a target. */
export const make = (target: Target, options: Options): Context.Tag.Service<Sink> => ({
  outputs: [target.id],
  check: target.check,
  open: (layout) =>
    Effect.gen(function*() {
      const encoder = formats[options.format].encoder({
        ...layout,
        select: options.select ?? [],
        noTiming: options.noTiming ?? false
      })
      if ("clash" in encoder) {
        return yield* new SinkError({ reason: "Clash", sink: target.name, detail: encoder.clash })
      }
      const { complete, write } = yield* target.open
      if (encoder.header !== "") yield* write(encoder.header)
      return {
        write: (rows) => {
          const texts = [""]
          for (const row of rows) {
            // a string has a limit, and so has memory
            if (texts.at(-1)!.length > pieceLength) texts.push("")
            texts[texts.length - 1] += encoder.encode(row)
          }
          return Effect.forEach(texts, (text) => text === "" ? Effect.void : write(text), { discard: true })
        },
        complete
      }
    })
})

/** Several sinks, each of which gets all rows. */
export const all = (sinks: ReadonlyArray<Context.Tag.Service<Sink>>): Context.Tag.Service<Sink> => ({
  outputs: sinks.flatMap(({ outputs }) => outputs),
  check: (ours) =>
    Effect.suspend((): Effect.Effect<void, SinkError> => {
      const outputs = sinks.flatMap(({ outputs }) => outputs)
      const twice = outputs.find((name, index) => outputs.indexOf(name) < index)
      return twice === undefined
        ? Effect.forEach(sinks, (sink) => sink.check(ours), { discard: true })
        : new SinkError({ reason: "Clash", sink: twice, detail: "it is given twice" })
    }),
  open: (layout) =>
    Effect.map(Effect.forEach(sinks, (sink) => sink.open(layout)), (writers): Writer => ({
      write: (rows) => Effect.forEach(writers, (writer) => writer.write(rows), { discard: true }),
      complete: Effect.forEach(writers, (writer) => writer.complete, { discard: true })
    }))
})

/** Writes nothing: for a program that reads the ledger itself. */
export const layerNone: Layer.Layer<Sink> = Layer.succeed(Sink, all([]))

/** Collects the rows in an array. */
export const memory = (rows: Array<Row>): Context.Tag.Service<Sink> => ({
  outputs: [],
  check: () => Effect.void,
  open: () =>
    Effect.sync(() => {
      rows.length = 0
      return {
        write: (written) => Effect.sync(() => rows.push(...written)),
        complete: Effect.void
      }
    })
})
