/**
 * A sink is a projection of the ledger: rows in a format, which is pure, written to a target.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import type { Select } from "./Answer/Select.ts"
import type { LedgerError, Listed, Row } from "./Ledger.ts"
import type { Advice } from "./Outcome.ts"
import type { Clash, Encoder, Format, Layout } from "./Sink/Format.ts"
import * as Mark from "./Sink/Mark.ts"
import { clashed, SinkError } from "./Sink/SinkError.ts"
import type { Held, Lock, Opened, Target } from "./Sink/Target.ts"

export { type Clash, type Encoder, type Format, type Held, type Layout, type Lock, type Opened, SinkError, type Target }

/** The run whose rows a sink gets, and what it needs to go on where an earlier one stopped. */
export interface Run {
  readonly list: Listed
  /** Rows come in the order of the input. Otherwise they come as answers do, and a sink that is not complete begins anew. */
  readonly isOrdered: boolean
  readonly marks: Mark.Marks
  /** Hands over all rows once more, in the order of the input: for a format that has to see them all before it writes the first. */
  readonly again?: <E>(
    write: (rows: ReadonlyArray<Row>) => Effect.Effect<void, E>
  ) => Effect.Effect<void, E | LedgerError>
}

/** Takes the rows of a run. */
export interface Writer {
  /** The entries, from the first, that it holds already. */
  readonly position: number
  readonly write: (rows: ReadonlyArray<Row>) => Effect.Effect<void, SinkError | LedgerError>
  /** Makes durable what has been written, the entries before `position`, and remembers that. */
  readonly keep: (position: number) => Effect.Effect<void, SinkError | LedgerError>
  /** All rows have been written. */
  readonly complete: Effect.Effect<void, SinkError | LedgerError>
  /** What its reader should know of what it holds, in a line each. */
  readonly warnings?: () => ReadonlyArray<Advice>
}

/** Where the records of a run go. */
export class Sink extends Context.Tag("rollcall/Sink")<Sink, {
  /** What it writes, by id. */
  readonly outputs: ReadonlyArray<string>
  /** The selected fields, as they were written. */
  readonly select: ReadonlyArray<string>
  /** Fails where writing would destroy what is not ours. */
  readonly check: (marks: Mark.Marks) => Effect.Effect<void, SinkError | LedgerError>
  /** Fails where rows of this list cannot be laid out. */
  readonly fits: (list: Listed) => Effect.Effect<void, SinkError>
  readonly open: (run: Run) => Effect.Effect<Writer, SinkError | LedgerError, Scope.Scope>
}>() {}

/** How the rows are laid out. */
export interface Options {
  readonly format: Format
  readonly select?: ReadonlyArray<Select>
  readonly noTiming?: boolean
  readonly entries?: boolean
  readonly excel?: boolean
}

/** Characters that are written at a time, about. */
const pieceLength = 1024 * 1024

/** A format written to a target. */
export const make = (target: Target, options: Options): Context.Tag.Service<Sink> => ({
  outputs: [target.id],
  select: options.select?.map(({ text }) => text) ?? [],
  check: (marks) => Effect.flatMap(marks.read(target.id), target.check),
  fits: (list) => Effect.asVoid(encoderOf(target, layoutOf(options, list), options.format)),
  open: (run) =>
    Effect.gen(function*() {
      const layout = layoutOf(options, run.list)
      const encoder = yield* encoderOf(target, layout, options.format)
      const identity = yield* identify(layout, options.format.name, run.isOrdered)
      const { complete, formulas: before, keep, position, write } = yield* track(target, run, identity, true)
      const { footer = "", header, separator = "" } = encoder
      const formulas = () => before + (encoder.formulas?.() ?? 0)
      if (position === undefined && header !== "") yield* write(header)
      const from = position ?? 0
      let isFirst = from === 0
      return {
        position: from,
        write: (rows): Effect.Effect<void, SinkError> => {
          const texts = [""]
          for (const row of rows) {
            if (row.ordinal < from) continue
            const text = encoder.encode(row)
            if (typeof text !== "string") return clashed(target.name, text)
            // a string has a limit, and so has memory
            if (texts.at(-1)!.length > pieceLength) texts.push("")
            texts[texts.length - 1]! += isFirst ? text : separator + text
            isFirst = false
          }
          return Effect.forEach(texts, (text) => text === "" ? Effect.void : write(text), { discard: true })
        },
        // another sink may be behind
        keep: (position) => run.isOrdered && position > from ? keep(position, formulas()) : Effect.void,
        complete: complete(Effect.suspend(() => footer === "" ? Effect.void : write(footer)), () => formulas()),
        warnings: () => [
          ...(formulas() === 0 || layout.excel || layout.entries ? [] : [warning(formulas(), target.name)]),
          ...(encoder.warnings?.() ?? []).map((text) => ({ message: `${target.name}: ${text}` }))
        ]
      }
    })
})

/** A target of which the marks of a run tell how far it is. */
export interface Tracked {
  /** The entries that it holds already; `undefined` for none, not even a header. */
  readonly position: number | undefined
  /** The cells like formulas in what it holds. */
  readonly formulas: number
  readonly write: Opened["write"]
  readonly keep: (position: number, formulas?: number) => Effect.Effect<void, SinkError | LedgerError>
  /** Completes it, with what stands at its end. */
  readonly complete: (
    end: Effect.Effect<void, SinkError | LedgerError>,
    formulas?: () => number
  ) => Effect.Effect<void, SinkError | LedgerError>
}

/** Opens a target for a run, and keeps its mark. What is not resumable begins anew unless it is complete. */
export const track = (
  target: Target,
  { list, marks }: Run,
  identity: string,
  isResumable: boolean
): Effect.Effect<Tracked, SinkError | LedgerError, Scope.Scope> =>
  Effect.gen(function*() {
    const known = yield* marks.read(target.id)
    const valid = yield* marks.valid(target.id, list, identity)
    const isDone = valid?.isComplete === true
    // what has its final name is not opened again
    const goesOn = valid !== undefined && (isDone ? valid.position === list.entries : isResumable && valid.offset > 0)
    const opened = yield* target.open(known, goesOn)
    const held = opened.isHeld ? known : undefined

    let last: Mark.Mark | undefined = held
    const write = (mark: Mark.Mark) => {
      last = mark
      return marks.write(target.id, mark)
    }
    /** What stands under the final name stays known beside what grows. */
    const out = known === undefined ? {} : Mark.finished(known)
    const at = (position: number, held: Held, isComplete = false): Mark.Mark => ({
      ...Mark.at(list, identity, position),
      ...held,
      ...out,
      isComplete,
      isOpen: true
    })
    const remember = (position: number, formulas: number, isComplete: boolean) =>
      Effect.flatMap(
        opened.keep,
        (held) => held === undefined ? Effect.void : write({ ...at(position, held, isComplete), formulas })
      )

    /** Nothing has been written since the mark. */
    let isKept = true
    if (!opened.isFinal && opened.held !== undefined) {
      // what grows from now on is ours, however the process ends
      yield* write(held === undefined ? at(0, opened.held) : { ...held, isOpen: true })
      yield* Effect.addFinalizer(() =>
        isKept && last?.isOpen === true && !last.isComplete
          ? Effect.ignore(Effect.suspend(() => write({ ...last!, isOpen: false })))
          : Effect.void
      )
    }
    return {
      position: held?.position,
      formulas: held?.formulas ?? 0,
      write: (data) => {
        isKept = false
        return opened.write(data)
      },
      keep: (position, formulas = 0) =>
        Effect.map(remember(position, formulas, false), () => {
          isKept = true
        }),
      complete: (end, formulas) =>
        Effect.gen(function*() {
          if (!opened.isFinal) {
            const isWritten = last?.isComplete === true
            if (!isWritten) yield* end
            // what was damaged is of no use: the next run begins anew
            yield* Effect.tapError(
              opened.intact,
              () => last === undefined ? Effect.void : write(Mark.begun(last))
            )
            // remembered before it is done, and owned when it is: whatever ends the process in between, no other is taken for ours
            if (!isWritten) yield* remember(list.entries, formulas?.() ?? 0, true)
            yield* opened.complete
          }
          if (last?.isOpen === true) yield* write(Mark.owned(last))
        })
    }
  })

/** The layout of a list, with what is not told as it is mostly. */
export const layoutOf = (
  { entries = false, excel = false, noTiming = false, select = [] }: Partial<Options>,
  list: Listed
): Layout => ({ select, noTiming, entries, excel, list, lookup: list })

const encoderOf = (target: Target, layout: Layout, format: Format) => {
  const encoder = format.encoder(layout)
  return "clash" in encoder ? clashed(target.name, encoder) : Effect.succeed(encoder)
}

const warning = (count: number, name: string): Advice => ({
  message: `${count} ${count === 1 ? "cell" : "cells"} of ${name} ${count === 1 ? "begins" : "begin"} like a formula: `
    + `a spreadsheet would run ${count === 1 ? "it" : "them"}`,
  remedy: "excel"
})

/** Stands for how rows are laid out: equal ones give equal bytes. */
const identify = (
  { list, lookup: _lookup, select, ...layout }: Layout,
  format: string,
  isOrdered: boolean
): Effect.Effect<string> => {
  const { column, columns, expect, inputs } = list
  return Mark.identity({
    ...layout,
    format,
    isOrdered,
    column,
    columns,
    expect,
    inputs,
    select: select.map(({ text }) => text)
  })
}

/** Several sinks, each of which gets all rows. */
export const all = (sinks: ReadonlyArray<Context.Tag.Service<Sink>>): Context.Tag.Service<Sink> => ({
  outputs: sinks.flatMap(({ outputs }) => outputs),
  select: sinks[0]?.select ?? [],
  check: (marks) =>
    Effect.suspend((): Effect.Effect<void, SinkError | LedgerError> => {
      const outputs = sinks.flatMap(({ outputs }) => outputs)
      const twice = outputs.find((name, index) => outputs.indexOf(name) < index)
      return twice === undefined
        ? Effect.forEach(sinks, (sink) => sink.check(marks), { discard: true })
        : new SinkError({ reason: "Clash", sink: twice, detail: "it is given twice" })
    }),
  fits: (list) => Effect.forEach(sinks, (sink) => sink.fits(list), { discard: true }),
  open: (run) =>
    Effect.map(Effect.forEach(sinks, (sink) => sink.open(run)), (writers): Writer => ({
      position: writers.reduce((least, { position }) => Math.min(least, position), run.list.entries),
      write: (rows) => Effect.forEach(writers, (writer) => writer.write(rows), { discard: true }),
      keep: (position) => Effect.forEach(writers, (writer) => writer.keep(position), { discard: true }),
      complete: Effect.forEach(writers, (writer) => writer.complete, { discard: true }),
      warnings: () => writers.flatMap(({ warnings }) => warnings?.() ?? [])
    }))
})

/** Writes nothing: for a program that reads the ledger itself. */
export const layerNone: Layer.Layer<Sink> = Layer.succeed(Sink, all([]))

/** Collects the rows in an array. */
export const memory = (rows: Array<Row>): Context.Tag.Service<Sink> => ({
  outputs: [],
  select: [],
  check: () => Effect.void,
  fits: () => Effect.void,
  open: () =>
    Effect.sync(() => {
      rows.length = 0
      return {
        position: 0,
        write: (written) => Effect.sync(() => rows.push(...written)),
        keep: () => Effect.void,
        complete: Effect.void
      }
    })
})
