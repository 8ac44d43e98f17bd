/**
 * A run that is about to be disturbed: its API, folder and command, and what must come out of it in the end.
 */
import { assert } from "@effect/vitest"
import { Cause, Effect } from "effect"
import { readdirSync } from "node:fs"
import type * as Demo from "../../src/Demo.ts"
import * as Reply from "../../src/Demo/Reply.ts"
import * as Zips from "../../src/Demo/Zips.ts"
import { type Ended, env, run, setup, start } from "../command.ts"
import * as Sinks from "./sinks.ts"
import { type Kind, type Seen } from "./sinks.ts"

/** Outcomes that may be lost with a crash beside the calls in flight: those of one batch that is not committed. */
export const batch = 1024

/** Distinct codes, of which the API knows two in five; at most 100,000. */
export const mixed = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => String(index * 7919 % 100_000).padStart(5, "0"))

/** What must come out for codes by line; an empty one is no entry. */
export const expect = (
  codes: ReadonlyArray<string>,
  firstLine = 1,
  more: (index: number) => Pick<Seen, "columns"> = () => ({})
): Effect.Effect<ReadonlyArray<Seen>> =>
  Effect.map(Zips.table, (table) =>
    codes.flatMap((code, index): ReadonlyArray<Seen> => {
      if (code === "") return []
      const { body, status } = Reply.lookup(table, code)
      const entry = { line: index + firstLine, code, ...more(index) }
      return [
        status === 200 ? { ...entry, outcome: "found", answer: JSON.parse(body) } : { ...entry, outcome: "not_found" }
      ]
    }))

/** How many of the codes that were asked about before have been asked about since. */
export const askedAgain = (before: Demo.Log, after: Demo.Log): number =>
  [...before.codes].filter(([code, calls]) => after.codes.get(code)! > calls).length

/** Tries all of them, and fails with what became of those that failed. */
export const each = <A, B, E, R>(
  cases: ReadonlyArray<A>,
  { concurrency, name, run }: {
    readonly run: (one: A) => Effect.Effect<B, E, R>
    readonly name: (one: A) => string
    readonly concurrency: number
  }
): Effect.Effect<ReadonlyArray<B>, never, R> =>
  Effect.gen(function*() {
    const failures: Array<string> = []
    const results = yield* Effect.forEach(
      cases,
      (one) =>
        Effect.matchCause(run(one), {
          onFailure: (cause) => {
            const error = Cause.squash(cause)
            failures.push(`${name(one)}: ${error instanceof Error ? error.message : error}`)
            return []
          },
          onSuccess: (result) => [result]
        }),
      { concurrency }
    )
    if (failures.length > 0) assert.fail(`${failures.length} of ${cases.length} failed\n${failures.join("\n")}`)
    return results.flat()
  })

export interface Options {
  readonly codes: ReadonlyArray<string>
  readonly sinks?: ReadonlyArray<Kind>
  readonly api?: Demo.Options
  /** Words of the command beyond those that it needs. */
  readonly words?: ReadonlyArray<string>
  readonly ledger?: string
}

export const make = ({ api = {}, codes, ledger = "x.ledger", sinks = Sinks.sinks, words: more = [] }: Options) =>
  Effect.gen(function*() {
    const { cwd, demo, flags, list, log } = yield* setup(codes, api)
    const words = ["run", "list", ...flags, "--ledger", ledger, "--no-timing"]
      .concat(sinks.flatMap(({ words }) => words(cwd)), more)
    yield* Effect.forEach(sinks, ({ prepare }) => prepare(cwd))
    const options = { cwd, env: { ...env, UV_THREADPOOL_SIZE: "1" } }
    /** Every output has every record, as it must be. */
    const assertSame = (expected?: ReadonlyArray<Seen>) =>
      Effect.gen(function*() {
        const wanted = expected ?? (yield* expect(codes))
        for (const sink of sinks) Sinks.assertSame(sink, wanted, yield* sink.read(cwd))
        return wanted
      })
    return {
      cwd,
      demo,
      list,
      flags,
      words,
      options,
      log,
      start: start(words, options),
      run: run(words, options),
      /** Runs it with other flags, which stand for the same ones of before. */
      again: (...flags: ReadonlyArray<string>) =>
        run([...words.slice(0, words.length - more.length), ...flags], options),
      assertSame: assertSame(),
      /** Whether any of the outputs looks complete. */
      isFinished: Effect.exists(sinks, ({ isFinished }) => isFinished(cwd)),
      /** Everything is as if nothing had happened. */
      judge: (ended: Ended, expected?: ReadonlyArray<Seen>) =>
        Effect.gen(function*() {
          assert.strictEqual(ended.exit, 0, ended.stderr)
          for (const sink of sinks) assert.isTrue(yield* sink.isFinished(cwd), `${sink.name}: ${ended.stderr}`)
          const wanted = yield* assertSame(expected)
          assert.deepStrictEqual(readdirSync(cwd).filter((name) => /\.part$|-lock$|-reserve$/.test(name)), [])
          const asked = (yield* log).codes
          assert.deepStrictEqual(wanted.filter(({ code }) => !asked.has(code)), [])
        })
    }
  })
