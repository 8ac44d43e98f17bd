import { Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Option, type Scope } from "effect"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import * as Ledgers from "../../src/Cli/Ledgers.ts"
import type { Listed } from "../../src/Ledger.ts"
import { type Ended, found, records, run, scripted, spawned, start, until } from "../command.ts"
import { list } from "../Sink/rows.ts"

/** A folder, and an environment that names it as the place of what is remembered. */
const place = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "rollcall-test-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  ),
  (folder) => ({
    folder,
    path: (name: string) => join(folder, name),
    within: <A, E, R>(effect: Effect.Effect<A, E, R>, variables: Record<string, string> = { XDG_STATE_HOME: folder }) =>
      Effect.withConfigProvider(effect, ConfigProvider.fromMap(new Map(Object.entries(variables))))
  })
)

const test = (what: string, effect: Effect.Effect<void, unknown, NodeContext.NodeContext | Scope.Scope>) =>
  it.scopedLive(what, () => Effect.provide(effect, NodeContext.layer))

const request = { url: "https://api.example/{code}" }

describe("Ledgers.standard", () => {
  test(
    "is beside the first output that is a file",
    Effect.gen(function*() {
      assert.strictEqual(yield* Ledgers.standard(["a/out.csv", "b.csv"], "/list", request), "a/out.csv.ledger")
      const outputs = ["-", "postgres://localhost/zips", "b.csv"]
      assert.strictEqual(yield* Ledgers.standard(outputs, "/list", request), "b.csv.ledger")
    })
  )

  test(
    "is kept for each list and request where there is none",
    Effect.gen(function*() {
      const { folder, path, within } = yield* place
      const of = (list: string, fingerprint: Record<string, string>) =>
        within(Ledgers.standard(["-"], list, fingerprint))
      const name = yield* of("/home/me/my zips.txt", request)
      assert.match(name, new RegExp(`^${path("rollcall")}/my_zips-[0-9a-f]{12}\\.ledger$`))
      assert.strictEqual(statSync(path("rollcall")).mode & 0o777, 0o700)
      assert.strictEqual(yield* of("/home/me/my zips.txt", request), name)
      const others = yield* Effect.all([of("/home/me/other.txt", request), of("/home/me/my zips.txt", { url: "u" })])
      assert.lengthOf([...new Set([name, ...others])], 3)
      assert.match(yield* of("-", request), /\/stdin-[0-9a-f]{12}\.ledger$/)
      const home = yield* within(Ledgers.standard([], "/list", request), { HOME: folder })
      assert.isTrue(home.startsWith(path(".local/state/rollcall/list-")), home)
    })
  )

  test(
    "says what to do where no folder can be made for it",
    Effect.gen(function*() {
      const { path, within } = yield* place
      writeFileSync(path("file"), "")
      const error = yield* Effect.flip(
        within(Ledgers.standard([], "/list", request), { XDG_STATE_HOME: path("file") })
      )
      assert.match(error.message, /\/file\/rollcall cannot be made for the ledger \(.+\): name one with --ledger FILE$/)
    })
  )
})

describe("Ledgers.outputId", () => {
  test(
    "is seen from where the ledger is",
    Effect.gen(function*() {
      const path = yield* Path.Path
      const id = (ledger: string, output: string) =>
        Effect.map(Ledgers.named(ledger), (named) => Ledgers.outputId(path, named, output))
      assert.strictEqual(yield* id("/a/b/zips.ledger", "/a/b/zips.csv"), "zips.csv")
      assert.strictEqual(yield* id("/a/b/zips.ledger", "/a/zips.csv"), "../zips.csv")
      assert.strictEqual(yield* id("zips.ledger", "./zips.csv"), "zips.csv")
      assert.strictEqual(yield* id("a/zips.ledger", path.resolve("a/zips.csv")), "zips.csv")
    })
  )
})

/** A ledger that nobody opens; one without files is in a database. */
const unopened = (text: string, files: ReadonlyArray<string> = []): Ledgers.Named => ({
  text,
  name: text,
  open: undefined as never,
  read: undefined as never,
  holder: Effect.succeed(undefined),
  files,
  lock: Effect.void,
  remove: Effect.void
})

describe("Ledgers: lists in a database", () => {
  const ledger = unopened("postgres://localhost/zips")
  const listed = (given: Partial<Listed>): Listed => ({
    ...list({
      name: resolve("zips.csv"),
      source: "in.txt",
      outputs: [resolve("zips.csv"), resolve("more/zips.db")]
    }),
    id: 0,
    epoch: 0,
    ...given
  })

  test(
    "are called by their path here, and by machine and path elsewhere; either name finds them",
    Effect.gen(function*() {
      const path = yield* Path.Path
      const there = `elsewhere:${resolve("zips.csv")}`
      const cases: ReadonlyArray<readonly [what: Listed, name: string, byMore: string]> = [
        // of a run of an older version
        [listed({}), "zips.csv", "more/zips.db"],
        [listed({ host: hostname() }), "zips.csv", "more/zips.db"],
        [listed({ host: "elsewhere" }), there, `elsewhere:${resolve("more/zips.db")}`],
        [listed({ name: "/a/in.txt", source: "../a/in.txt", outputs: [] }), "/a/in.txt", "/a/in.txt"],
        [listed({ name: "/a/in.txt", source: "in.txt", outputs: [], host: "b" }), "b:/a/in.txt", "b:/a/in.txt"],
        [listed({ name: "all zips", outputs: [], host: "elsewhere" }), "all zips", "all zips"]
      ]
      for (const [what, name, byMore] of cases) {
        assert.strictEqual(Ledgers.nameOf(path, ledger, what), name)
        assert.strictEqual(Ledgers.nameOf(path, ledger, what, Option.some(byMore)), byMore)
        const found = yield* Effect.forEach(
          [name, byMore, what.name],
          (text) => Ledgers.listsOf(ledger, [what], Option.some(text))
        )
        assert.deepStrictEqual(found, [[what], [what], [what]], name)
        assert.deepStrictEqual(yield* Ledgers.listsOf(ledger, [what], Option.some("other.csv")), [])
      }
    })
  )
})

describe("Ledgers.remember", () => {
  const outputs = ["zips.csv"]

  test(
    "finds the ledger again by nothing, and by the output",
    Effect.gen(function*() {
      const { path, within } = yield* place
      yield* within(Ledgers.remember(unopened(path("some.ledger"), [path("some.ledger")]), outputs))
      const [file] = readdirSync(path("rollcall"))
      assert.strictEqual(statSync(path(`rollcall/${file}`)).mode & 0o777, 0o600)
      for (const argument of [Option.none(), Option.some("zips.csv"), Option.some("./zips.csv")]) {
        assert.strictEqual((yield* within(Ledgers.find(argument))).name, path("some.ledger"))
      }
      const error = yield* Effect.flip(within(Ledgers.find(Option.some("other.csv"))))
      assert.match(error.message, /^there is neither other\.csv nor other\.csv\.ledger: /)
    })
  )

  test(
    "writes no password",
    Effect.gen(function*() {
      const { path, within } = yield* place
      yield* within(Ledgers.remember(unopened("postgres://me:hush@localhost/zips"), outputs))
      assert.deepStrictEqual(existsSync(path("rollcall")) ? readdirSync(path("rollcall")) : [], [])
      yield* within(Ledgers.remember(unopened("postgres://me:${PASSWORD}@localhost/zips"), outputs))
      const [file] = readdirSync(path("rollcall"))
      assert.include(readFileSync(path(`rollcall/${file}`), "utf8"), "${PASSWORD}")
    })
  )

  test(
    "takes nothing for a run that it cannot read",
    Effect.gen(function*() {
      const { path, within } = yield* place
      yield* within(Ledgers.remember(unopened(path("some.ledger"), [path("some.ledger")]), outputs))
      const [file] = readdirSync(path("rollcall"))
      writeFileSync(path(`rollcall/${file}`), "{\"ledger\":1}")
      const error = yield* Effect.flip(within(Ledgers.find(Option.none())))
      assert.match(error.message, /^which run\? None is known in this folder/)
    })
  )
})

describe.concurrent("a ledger of several lists", () => {
  it.scopedLive("is found by the output of each of them, and each is told and written", () =>
    Effect.gen(function*() {
      const { cwd, read, rollcall, run: runList, words, write } = yield* scripted(["a"])
      write("other", "b\n")
      const all = ["--ledger", "all.ledger"]
      yield* runList(...all)
      yield* rollcall("run", "other", ...words, "-o", "other.ndjson", ...all)
      const each = (rollcall: (...words: ReadonlyArray<string>) => Effect.Effect<Ended>) =>
        Effect.gen(function*() {
          for (const name of ["out.ndjson", "other.ndjson"]) {
            for (const named of [[name], [name, ...all]]) {
              assert.match(
                (yield* rollcall("status", ...named)).stdout,
                new RegExp(`^${name}: 1 of 1 code answered .*\n$`)
              )
              assert.strictEqual((yield* rollcall("export", ...named)).stdout, read(name))
            }
          }
        })
      yield* each(rollcall)
      // nothing is remembered where another user works, or after the folder was moved
      yield* each((...words) => run(words, { cwd, env: { XDG_STATE_HOME: join(cwd, "..", "elsewhere") } }))

      const refused = (...words: ReadonlyArray<string>) =>
        Effect.map(rollcall(...words), ({ exit, stderr, stdout }) => {
          assert.deepStrictEqual([exit, stdout], [2, ""])
          return stderr
        })
      const several =
        "rollcall: all.ledger holds 2 lists, other.ndjson, out.ndjson: name one, and --ledger all.ledger\n"
      assert.strictEqual(yield* refused("export", "all.ledger"), several)
      assert.strictEqual(yield* refused("export", ...all), several)
      for (const command of ["status", "export", "forget"]) {
        assert.strictEqual(
          yield* refused(command, "none.csv", ...all, ...(command === "forget" ? ["--all"] : [])),
          "rollcall: all.ledger has no list none.csv: it holds other.ndjson, out.ndjson\n"
        )
      }
      const last = yield* rollcall("export")
      assert.deepStrictEqual([last.stdout, last.stderr], [
        read("other.ndjson"),
        "the list of the last run, other.ndjson, of 2 in all.ledger\n1 record written\n"
      ])
    }))

  it.scopedLive("is that of a job file, with the output of the job", () =>
    Effect.gen(function*() {
      const { rollcall, run: runList, words, write } = yield* scripted(["a"])
      const job = ["url", "file", "output", "ledger", "allow-none"]
      const values = [words[1]!, "other", "other.ndjson", "all.ledger", "1"]
      write("other", "b\n")
      write("job.yaml", job.map((name, at) => `${name}: ${values[at]}\n`).join(""))
      assert.strictEqual((yield* rollcall("run", "--job", "job.yaml")).exit, 0)
      yield* runList("--ledger", "all.ledger")
      assert.match(
        (yield* rollcall("status", "--job", "job.yaml")).stdout,
        /^other\.ndjson: 1 of 1 code answered .*\n$/
      )
    }))
})

describe.concurrent("a ledger that a run holds", () => {
  it.scopedLive("is refused to a second run, which names the first and disturbs nothing", () =>
    Effect.gen(function*() {
      const { answer, asked, cwd, files, read, start, words } = yield* scripted(["a", "b", "c"], (code) =>
        code === "b" ? undefined : found(code))
      const running = yield* start()
      yield* until(() =>
        asked.includes("b")
      )
      const before = files()
      const others: ReadonlyArray<ReadonlyArray<string>> = [
        [],
        ["--fresh"],
        // another list, and another output
        ["-o", "other.csv"],
        ["--redo", "found"]
      ]
      for (const more of others) {
        const { exit, stderr } = more[0] === "-o"
          ? yield* spawned(["run", "-", ...words, ...more, "--ledger", "out.ndjson.ledger"], { cwd, stdin: "d\n" })
          : yield* spawned(["run", "list", ...words, "-o", "out.ndjson", ...more], { cwd })
        assert.strictEqual(exit, 5)
        assert.match(
          stderr,
          new RegExp(
            `^rollcall: out\\.ndjson\\.ledger: another run holds it \\(process ${running.process.pid} on \\S+, since \\S+\\): `
              + "wait for its end\\n$"
          )
        )
      }
      assert.deepStrictEqual(files(), before)
      assert.deepStrictEqual(asked, ["a", "b"])
      answer(found)
      assert.strictEqual((yield* running.ended).exit, 0)
      assert.deepStrictEqual(records(read("out.ndjson")).map(({ code }) => code), ["a", "b", "c"])
      assert.deepStrictEqual(files(), ["list", "out.ndjson", "out.ndjson.ledger"])
    }))

  it.scopedLive("is free again when that run was killed", () =>
    Effect.gen(function*() {
      const { answer, asked, cwd, read, run: runList, words } = yield* scripted(["a", "b"], () => undefined)
      const running = yield* start(["run", "list", ...words, "-o", "out.ndjson"], { cwd })
      yield* until(() => asked.length > 0)
      running.process.kill("SIGKILL")
      yield* running.ended
      answer(found)
      assert.strictEqual((yield* runList()).exit, 0)
      assert.strictEqual(records(read("out.ndjson")).length, 2)
    }))
})
