/**
 * An input that was edited after a crash: the next run gives what the edited input asks for, and asks nothing that is answered.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { run, start } from "../command.ts"
import { scale, some, timeout } from "../scale.ts"
import { sinks } from "./sinks.ts"
import * as Trial from "./trial.ts"

const count = scale(200, 400, 4_000)
const codes = Trial.mixed(count)
/** Codes that it does not hold. */
const others = Trial.mixed(count + 80).slice(count)
const concurrency = 8
/** In flight, answered within the 50 ms between two commits, and as many again for a machine that is busy. */
const uncommitted = 4 * concurrency
const api = { latency: "50 millis" } as const

/** An input: a file, and the flags that read it. */
interface Input {
  readonly file: string
  readonly text: string
  readonly flags: ReadonlyArray<string>
  /** By line, from `firstLine`; an empty one is no entry. */
  readonly codes: ReadonlyArray<string>
  readonly firstLine: number
  /** The other columns of a row. */
  readonly columns?: (index: number) => { readonly columns: Readonly<Record<string, string>> }
}

const list = (codes: ReadonlyArray<string>, file = "list"): Input => ({
  file,
  text: `${codes.join("\n")}\n`,
  flags: [],
  codes,
  firstLine: 1
})

const csv = (codes: ReadonlyArray<string>, ...names: ReadonlyArray<string>): Input => {
  const columns = (index: number) => ({ columns: Object.fromEntries(names.map((name) => [name, `${name} ${index}`])) })
  const rows = codes.map((code, index) => [code, ...Object.values(columns(index).columns)])
  return {
    file: "list.csv",
    text: [["code", ...names], ...rows].map((cells) => `${cells.join()}\n`).join(""),
    flags: ["--column", "code"],
    codes,
    firstLine: 2,
    columns
  }
}

const lines = list(codes)

const edits: ReadonlyArray<readonly [name: string, before: Input, after: Input]> = [
  [
    "codes inserted",
    lines,
    list([...others.slice(0, 30), ...codes.slice(0, 90), ...others.slice(30), ...codes.slice(90)])
  ],
  ["codes deleted", lines, list(codes.filter((_, index) => index % 3 > 0))],
  ["another order", lines, list(codes.toReversed())],
  ["codes twice", lines, list(codes.flatMap((code, index) => index % 4 > 0 ? [code] : [code, codes.at(-index - 1)!]))],
  ["another name", lines, list(codes, "renamed")],
  ["other columns", csv(codes, "note"), csv(codes, "place", "price")],
  ["codes appended", lines, list([...codes, ...others])],
  ["an empty middle", lines, list(codes.map((code, index) => index < count / 4 || index >= count / 2 ? code : ""))],
  ["changed codes", lines, list(codes.map((code, index) => index % 5 > 0 ? code : others[index / 5] ?? code))],
  ["CSV in place of lines", lines, csv(codes, "note")]
]

describe.concurrent("rollcall run: after a crash, an input with", () => {
  it.scopedLive.each(some(edits, 4, 1))("%s", ([, first, edited]) =>
    Effect.gen(function*() {
      const { cwd, demo, judge, log, options, words } = yield* Trial.make({
        codes,
        api,
        // a table keeps its columns: another list of them is refused
        sinks: sinks.filter(({ bytes }) => bytes !== undefined || first.columns === edited.columns),
        words: ["-c", String(concurrency)]
      })
      const put = ({ file, flags, text }: Input) => {
        writeFileSync(join(cwd, file), text)
        return ["run", file, ...words.slice(2), ...flags]
      }
      const running = yield* start(put(first), options)
      while ((yield* demo.log).codes.size < count / 2) yield* Effect.sleep("10 millis")
      running.process.kill("SIGKILL")
      assert.strictEqual((yield* running.ended).exit, 137)
      const before = yield* log

      const ended = yield* run(put(edited), options)
      yield* judge(ended, yield* Trial.expect(edited.codes, edited.firstLine, edited.columns))
      const after = yield* log
      assert.isAtMost(Trial.askedAgain(before, after), uncommitted)
      // what is no longer in the list is not asked about
      assert.deepStrictEqual(
        [...after.codes.keys()].toSorted(),
        [...new Set([...before.codes.keys(), ...edited.codes.filter((code) => code !== "")])].toSorted()
      )
    }), timeout)
})
