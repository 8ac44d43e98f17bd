import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Fresh from "../../src/Cli/Fresh.ts"
import * as Ledgers from "../../src/Cli/Ledgers.ts"
import * as Outputs from "../../src/Cli/Output.ts"
import { Ledger, LedgerError } from "../../src/Ledger.ts"
import * as Mark from "../../src/Sink/Mark.ts"
import { folder, run, start, until } from "../command.ts"
import * as Serve from "../serve.ts"
import { list, row } from "../Sink/rows.ts"
import { query } from "../sqlite.ts"

const listed = (name: string) => ({ ...list({ name, entries: 1 }), id: 1, epoch: 1 })

/** A folder with a complete run: a ledger, a file and a table. */
const setUp = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const at = (name: string) => `${folder}/${name}`
  const ledger = yield* Ledgers.named(at("out.csv.ledger"))
  const sink = yield* Outputs.sink(
    { output: [at("out.csv"), at("out.db")], format: { _tag: "None" } as never, excel: false, noTiming: true },
    { select: [], entries: false },
    ledger,
    "ndjson"
  )
  /** Writes the outputs of a run as it does that begins now. */
  const run = (notes: Fresh.Aside["notes"] = {}) =>
    Effect.scoped(Effect.gen(function*() {
      const known = yield* Ledger
      yield* known.begin({ url: "U" })
      yield* known.setNotes(notes)
      const marks = Mark.marks(known)
      yield* sink.check(marks)
      const writer = yield* sink.open({ list: listed("out.csv"), isOrdered: true, marks })
      yield* writer.write([row()])
      yield* writer.complete
    })).pipe(Effect.provide(ledger.open))
  const names = Effect.map(fs.readDirectory(folder), (names) => names.sort())
  yield* run()
  return {
    fs,
    at,
    ledger,
    sink,
    run,
    names,
    around: <A, E, R>(use: (aside: Fresh.Aside | undefined) => Effect.Effect<A, E, R>) =>
      Fresh.around(ledger, sink, { files: [at("out.csv")], list: "out.csv" }, use)
  }
})

describe("Fresh", () => {
  it.scopedLive("puts ledger and files aside, and the rows of a table stay our own", () =>
    Effect.gen(function*() {
      const { around, names, run } = yield* setUp
      yield* around((aside) =>
        Effect.gen(function*() {
          const stamped = (yield* names).map((name) => name.replace(/\d{8}T\d{6}$/, "AT"))
          assert.deepStrictEqual(stamped, ["out.csv.AT", "out.csv.ledger.AT", "out.db"])
          yield* run(aside!.notes)
          yield* aside!.keep
        })
      )
      const stamped = (yield* names).map((name) => name.replace(/\d{8}T\d{6}$/, "AT"))
      assert.deepStrictEqual(stamped, ["out.csv", "out.csv.AT", "out.csv.ledger", "out.csv.ledger.AT", "out.db"])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive.each<[end: string, ends: Effect.Effect<void, string>]>([
    ["in good order", Effect.void],
    ["with an error", Effect.fail("no")],
    ["with a defect", Effect.die("no")],
    ["interrupted", Effect.interrupt]
  ])("puts everything back that nobody keeps: what was done ends %s", ([_, ends]) =>
    Effect.gen(function*() {
      const { around, names } = yield* setUp
      const before = yield* names
      yield* Effect.exit(around(() =>
        Effect.gen(function*() {
          assert.notDeepEqual(yield* names, before)
          yield* ends
        })
      ))
      assert.deepStrictEqual(yield* names, before)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("what has come to stand in the place meanwhile is put aside in its turn, unless another run holds it", () =>
    Effect.gen(function*() {
      const { around, at, fs, ledger, names, run } = yield* setUp
      const [before, old] = [yield* names, yield* fs.readFile(ledger.files[0]!)]
      yield* around(() => fs.writeFileString(ledger.files[0]!, "half of a ledger"))
      assert.deepStrictEqual(yield* fs.readFile(ledger.files[0]!), old)
      const more = (yield* names).filter((name) => !before.includes(name))
      assert.lengthOf(more, 1)
      assert.strictEqual(yield* fs.readFileString(at(more[0]!)), "half of a ledger")

      const busy = new LedgerError({ reason: "Busy", ledger: ledger.name, message: "another run writes to it" })
      yield* Effect.exit(around((aside) => Effect.zipRight(run(aside!.notes), Effect.fail(busy))))
      assert.notDeepEqual(yield* fs.readFile(ledger.files[0]!), old)
      assert.lengthOf((yield* names).filter((name) => name.startsWith("out.csv.ledger.")), 2)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("leaves all as it was where something is refused", () =>
    Effect.gen(function*() {
      const { around, at, fs, names } = yield* setUp
      const before = yield* names
      yield* fs.writeFileString(at("out.csv"), "my own\n", { flag: "a" })
      const error = yield* Effect.flip(around(() => Effect.die("it was begun")))
      assert.match(error.message, /: it was changed since it was written: /)
      assert.deepStrictEqual(yield* names, before)
    }).pipe(Effect.provide(NodeContext.layer)))
})

/** What stands in a folder, by name. The ledger is read by whoever opens it, so its bytes may change. */
const standing = (cwd: string) =>
  Object.fromEntries(
    readdirSync(cwd).toSorted().map((
      name
    ) => [name, /\.(ledger|db)$/.test(name) ? "" : readFileSync(join(cwd, name), "latin1")])
  )

/** A list, an API that answers, and what is asked of it. */
const api = (status = () => 200, headers: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const asked: Array<string> = []
    const url = yield* Serve.http((request, response) => {
      asked.push(request.url!.slice(1))
      response.writeHead(status(), { "content-type": "application/json", ...headers })
      response.end(JSON.stringify({ code: request.url!.slice(1) }))
    })
    const cwd = yield* folder
    writeFileSync(join(cwd, "list"), "1?\na\nb\nc\nd\n")
    const words = ["run", "list", "--url", `${url}/{code}`, "--pattern", "[a-z]", "-c", "1"]
    return { asked, cwd, rollcall: (...more: ReadonlyArray<string>) => run([...words, ...more], { cwd }) }
  })

describe("rollcall run --fresh that ends before its first call leaves ledger and outputs as they were", () => {
  const once = ["--max-calls", "3"]
  const paced = ["--rate", "3/10min burst 3"]
  it.scopedLive.each<[end: string, exit: number, before: ReadonlyArray<string>, fresh: ReadonlyArray<string>]>([
    ["a budget that is spent", 4, once, once],
    ["no time until the next call is allowed", 4, [...paced, ...once], [...paced, "--max-time", "1ms"]],
    ["a setting that is missing", 2, once, ["-H", "Key: ${NOBODY_HAS_SET_THIS}"]],
    ["an output that cannot be opened", 2, once, ["-o", "list/x.csv"]],
    ["a list that is not there", 2, once, ["--column", "none", "--input-format", "csv"]]
  ])("%s", ([_, code, before, fresh]) =>
    Effect.gen(function*() {
      const { asked, cwd, rollcall } = yield* api()
      assert.strictEqual((yield* rollcall("-o", "out.csv", ...before)).exit, 4)
      const [left, calls] = [standing(cwd), asked.length]
      for (const talk of [[], ["-q"]]) {
        const { exit, stderr } = yield* rollcall("-o", "out.csv", "--fresh", ...fresh, ...talk)
        assert.deepStrictEqual([exit === 5 ? 2 : exit, asked.length], [code, calls], stderr)
        assert.deepStrictEqual(standing(cwd), left, stderr)
        // what it says to have put aside it says to have put back
        assert.strictEqual(stderr.includes("put aside"), stderr.includes("put back: out.csv.ledger, out.csv.part"))
      }
      const again = yield* rollcall("-o", "out.csv", ...before)
      assert.deepStrictEqual([again.exit, asked.length], [4, calls], again.stderr)
      yield* rollcall("-o", "out.csv")
      assert.deepStrictEqual(asked, ["a", "b", "c", "d"])
    }))

  it.scopedLive("a pause that the server asked for, as long as it lasts", () =>
    Effect.gen(function*() {
      const { asked, cwd, rollcall } = yield* api(() => 429, { "retry-after": "31000001" })
      assert.strictEqual((yield* rollcall("-o", "out.csv")).exit, 4)
      const left = standing(cwd)
      for (let times = 0; times < 2; times++) {
        assert.strictEqual((yield* rollcall("-o", "out.csv", "--fresh")).exit, 4)
        assert.deepStrictEqual([standing(cwd), asked], [left, ["a"]])
      }
    }))

  it.scopedLive("a signal", () =>
    Effect.gen(function*() {
      const { asked, cwd, rollcall } = yield* api()
      yield* rollcall("-o", "out.csv", ...paced, ...once)
      const left = standing(cwd)
      const waiting = yield* Effect.fork(rollcall("-o", "out.csv", "--fresh", ...paced))
      // its own rows, and those that are put aside
      yield* until(() => readdirSync(cwd).filter((name) => /^out\.csv\.part(?:\.|$)/.test(name)).length > 1)
      yield* Fiber.interrupt(waiting)
      assert.deepStrictEqual([standing(cwd), asked.length], [left, 3])
    }))

  it.scopedLive("the first rows cannot be written", () =>
    Effect.gen(function*() {
      const { asked, cwd, rollcall } = yield* api()
      const words = ["-o", "out.csv", "-o", "out.db"]
      assert.strictEqual((yield* rollcall(...words)).exit, 3)
      const left = standing(cwd)
      yield* query(
        join(cwd, "out.db"),
        "create trigger full before insert on rollcall begin select raise(abort, 'no room'); end"
      )
      const { exit, stderr } = yield* rollcall(...words, "--fresh")
      assert.deepStrictEqual([exit, asked.length], [5, 4], stderr)
      assert.deepStrictEqual(standing(cwd), left, stderr)
      yield* query(join(cwd, "out.db"), "drop trigger full")
      assert.deepStrictEqual([(yield* rollcall(...words)).exit, asked.length], [3, 4])
    }))

  it.scopedLive.each(["csv", "ndjson", "json", "xml.gz", "xlsx", "parquet", "db"])(
    "a complete output: .%s",
    (ending) =>
      Effect.gen(function*() {
        const { asked, cwd, rollcall } = yield* api()
        const words = ["-o", `out.${ending}`, "--max-calls", "4"]
        const rows = ending === "db" ? query(join(cwd, "out.db"), "select * from rollcall") : Effect.succeed([])
        assert.strictEqual((yield* rollcall(...words)).exit, 3)
        const left = [standing(cwd), yield* rows]
        assert.strictEqual((yield* rollcall(...words, "--fresh")).exit, 4)
        assert.deepStrictEqual([standing(cwd), yield* rows], left)
        assert.deepStrictEqual([(yield* rollcall(...words)).exit, asked.length], [3, 4])
        assert.deepStrictEqual([standing(cwd), yield* rows], left)
      })
  )

  it.scopedLive("what came on standard input until then goes with it", () =>
    Effect.gen(function*() {
      const { cwd, rollcall } = yield* api()
      yield* rollcall("-o", "out.csv", ...once)
      const left = standing(cwd)
      yield* start(["run", "-", "--url", "http://127.0.0.1:1/{code}", "-o", "out.csv", "--fresh"], {
        cwd,
        stdin: "open"
      }).pipe(
        Effect.flatMap(({ ended, process }) =>
          Effect.gen(function*() {
            process.stdin!.write("x\ny\n")
            yield* until(() =>
              readdirSync(cwd).some((name) => /ledger\.\d/.test(name)) && readdirSync(cwd).includes("out.csv.ledger")
            )
            process.kill("SIGINT")
            const { exit, stderr } = yield* ended
            assert.strictEqual(exit, 130, stderr)
          })
        ),
        Effect.scoped
      )
      assert.deepStrictEqual(standing(cwd), left)
    }))
})

describe("rollcall run --fresh that has made calls", () => {
  it.scopedLive("keeps what was spent, and where nothing was answered says under which names the old files stand", () =>
    Effect.gen(function*() {
      let status = 200
      const { asked, cwd, rollcall } = yield* api(() => status)
      yield* rollcall("-o", "out.csv")
      const old = standing(cwd)
      status = 401
      const { exit, stderr } = yield* rollcall("-o", "out.csv", "--fresh", "-q")
      assert.strictEqual(exit, 4, stderr)
      const told =
        /^nothing was answered; what was out.csv.ledger is (out\.csv\.ledger\.\w+), what was out.csv is (out\.csv\.\w+): rename/m
          .exec(stderr)
      assert.isNotNull(told, stderr)
      const calls = asked.length
      const spent = yield* rollcall("-o", "out.csv", "--max-calls", String(calls))
      assert.deepStrictEqual([spent.exit, asked.length], [4, calls], spent.stderr)
      rmSync(join(cwd, "out.csv.ledger"))
      for (const [index, name] of ["out.csv.ledger", "out.csv"].entries()) {
        renameSync(join(cwd, told![index + 1]!), join(cwd, name))
      }
      assert.deepStrictEqual([(yield* rollcall("-o", "out.csv")).exit, asked.length], [3, calls])
      assert.deepStrictEqual(standing(cwd), old)
    }))
})
