/**
 * The command as its users meet it: what they type, what they read, what bad input gets. Each case is a process.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { stripVTControlCharacters } from "node:util"
import * as Demo from "../src/Demo.ts"
import * as Driver from "../src/Sql/Sqlite/Driver.ts"
import { type Ended, env, folder, program, records, run, setup, spawned, start, until } from "./command.ts"

const root = resolve(import.meta.dirname, "..")
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

/** Says one thing in plain words: no stack trace, no colours, no name of an inner error. */
const isPlain = ({ stderr, stdout }: Ended) => {
  for (const text of [stderr, stdout]) {
    assert.strictEqual(stripVTControlCharacters(text), text)
    assert.notMatch(text, /\n\s+at |Error:|\[object|undefined|node:/)
  }
}

const url = "http://127.0.0.1:1/{code}"

describe("rollcall: what is refused", () => {
  const refused: ReadonlyArray<readonly [typed: ReadonlyArray<string>, message: RegExp, env?: Record<string, string>]> =
    [
      [["rnu", "f"], /^rollcall: there is no command rnu: did you mean run\? \(rollcall --help lists them\)$/],
      [
        ["zips.txt", "--url", url],
        /^rollcall: there is no command zips\.txt: rollcall run zips\.txt asks about a list$/
      ],
      [["help", "rnu"], /^rollcall: there is no command rnu: did you mean run\?/],
      [["--url", url, "f"], /^rollcall: the command comes first: rollcall run --url …$/],
      [["run", "f", "--ulr", url], /^rollcall: there is no flag --ulr: did you mean --url\?\nrollcall run --help .*$/],
      [["run", "f", "--url", url, "--url", url], /^rollcall: --url is given twice\n.*$/],
      [["run", "f"], /^rollcall: which API\? --url 'https:\/\/api.example\/zip\/\{code\}'$/],
      [["run", "f", "--url", url, "-c", "-5"], /^rollcall: -c "-5": write a whole number from 1 to 10000$/],
      [["run", "f", "--url", url, "--timeout", "5"], /^rollcall: --timeout "5": write a time such as 500ms, .*$/],
      [["run", "f", "--url", url, "--timeout", "0s"], /^rollcall: --timeout "0s": write a time of more than nothing$/],
      [
        ["run", "f", "--url", url, "--rate", "9/s", "--rate", "fast"],
        /^rollcall: --rate "fast": write a rate such as 50\/s, .*$/
      ],
      [["run", "f", "--url", url], /^rollcall: --rate "300 a minute": write a rate .*$/, {
        ROLLCALL_RATE: "5/s\n300 a minute"
      }],
      [["run", "f", "--url", url, "-H", "nonsense"], /^rollcall: -H: write it as 'Name: value'$/],
      [["run", "f"], /^rollcall: --retries "x": write a whole number .*$/, { ROLLCALL_RETRIES: "x" }],
      [["run", "f", "--url", url, "--select", "a["], /^rollcall: .*a\[.*$/],
      [["run", "f", "--url", url, "--not-found-when", "=="], /^rollcall: .*==.*$/],
      [["run", "f", "--url", url, "--pattern", "("], /^rollcall: --pattern: .*$/],
      [["run", "f", "--url", url, "-o", "a", "-o", "./a"], /^rollcall: \.\/a would be written twice$/],
      [["run", "f", "--url", url, "-o", "a", "--ledger", "a"], /^rollcall: a would be written twice$/],
      [
        ["run", "f", "--url", url, "--header-file", "nosuch"],
        /^rollcall: --header-file nosuch: there is no such file$/
      ],
      [["run", "f", "--url", url, "--header-file", "bad"], /^rollcall: --header-file bad: each line is 'Name: value'$/],
      [["run", "f", "--url", url, "--as", "x"], /^rollcall: --as.*: write it as name='COLUMN'$/],
      [["--verison"], /^rollcall: there is no flag --verison: did you mean --version\? \(rollcall --help\)$/],
      [["-z"], /^rollcall: there is no flag -z \(rollcall --help\)$/],
      [
        ["run", "f", "--url", url, "--retries", "x", "--timeout", "y"],
        /^rollcall: --[^\n]*: write [^\n]*\nrollcall: --[^\n]*: write [^\n]*$/
      ],
      [["demo", "--latency", "x"], /^rollcall: --latency "x": write one time, .*$/]
    ]
  it.scopedLive.each(refused)("%j is refused, exit 2", ([typed, message, env = {}]) =>
    Effect.gen(function*() {
      const cwd = yield* folder
      writeFileSync(join(cwd, "bad"), "no header\n")
      const ended = yield* run(typed, { cwd, env })
      assert.deepStrictEqual([ended.exit, ended.stdout], [2, ""])
      assert.match(ended.stderr.trimEnd(), message)
      assert.deepStrictEqual(readdirSync(cwd), ["bad"])
      isPlain(ended)
    }))
})

describe.concurrent("rollcall: what people type", () => {
  const shown: ReadonlyArray<readonly [typed: string, stdout: RegExp]> = [
    ["--help", /^Rollcall asks .*\n\nUsage: rollcall COMMAND/],
    ["help run", /^Ask an API .*\n\nUsage: rollcall run /],
    ["run --help", /^Ask an API /],
    ["run nosuch.txt --frobnicate --url u --help", /^Ask an API /],
    ["demo --serve --help", /^Answer 44,175 /]
  ]
  it.scopedLive.each(shown)("%s is shown, exit 0", ([typed, stdout]) =>
    Effect.gen(function*() {
      const ended = yield* run(typed.split(" "), { cwd: yield* folder })
      assert.deepStrictEqual([ended.exit, ended.stderr], [0, ""])
      assert.match(ended.stdout, stdout)
      isPlain(ended)
    }))

  it.scopedLive.each(["--version", "-V"])("%s is shown, exit 0", (typed) =>
    Effect.gen(function*() {
      const ended = yield* spawned([typed], { cwd: yield* folder })
      assert.deepStrictEqual(ended, { exit: 0, stdout: `${version}\n`, stderr: "" })
    }))

  it.scopedLive("nothing at all shows what there is, exit 2", () =>
    Effect.gen(function*() {
      const ended = yield* run([], { cwd: yield* folder })
      assert.deepStrictEqual([ended.exit, ended.stdout], [2, ""])
      assert.match(ended.stderr, /Usage: rollcall COMMAND/)
    }))

  const asked: ReadonlyArray<readonly [how: string, typed: ReadonlyArray<string>]> = [
    ["standard input without FILE", []],
    ["-", ["-"]],
    ["- before flags", ["-", "-c16"]],
    ["FILE before flags", ["list.txt", "-c", "16"]],
    ["FILE after flags", ["-c=16", "list.txt"]],
    ["FILE that begins with -", ["--", "-list.txt"]]
  ]
  it.scopedLive.each(asked)("%s", ([, typed]) =>
    Effect.gen(function*() {
      const { flags } = yield* setup([])
      const cwd = yield* folder
      for (const name of ["list.txt", "-list.txt"]) writeFileSync(join(cwd, name), "34102\n")
      const words = typed.includes("--") ? ["run", "-q", ...flags, ...typed] : ["run", ...typed, "-q", ...flags]
      const { exit, stderr, stdout } = yield* run(words, { cwd, env, stdin: "34102\n" })
      assert.deepStrictEqual([exit, stderr, records(stdout).map(({ code }) => code)], [0, "", ["34102"]])
    }))

  it.scopedLive("flags in the environment, and a flag before its variable", () =>
    Effect.gen(function*() {
      const { demo } = yield* setup([])
      const words = ["run", "-", "--format", "ndjson", "--select", "data.city"]
      const { exit, stderr, stdout } = yield* run(words, {
        cwd: yield* folder,
        env: {
          ...env,
          ROLLCALL_URL: demo.lookupUrl,
          ROLLCALL_HEADER: "Ocp-Apim-Subscription-Key: ${DEMO_KEY}\nX-Other: 1",
          ROLLCALL_FORMAT: "csv",
          ROLLCALL_QUIET: "1",
          ROLLCALL_SELECT: "data.state"
        },
        stdin: "34102\n"
      })
      assert.deepStrictEqual([exit, stderr], [0, ""])
      assert.deepStrictEqual(records(stdout).map((record) => "answer" in record && record.answer), [{
        "data.city": "Naples"
      }])
    }))

  it.scopedLive("the value of a secret in the arguments earns a warning, which does not repeat it", () =>
    Effect.gen(function*() {
      const { demo } = yield* setup([], { key: "hush-hush-hush" })
      const cwd = yield* folder
      const words = ["run", "--url", demo.lookupUrl, "-H", "Ocp-Apim-Subscription-Key: hush-hush-hush"]
      const ended = yield* run(words, { cwd, env: { DEMO_KEY: "hush-hush-hush", SHORT_KEY: "run" }, stdin: "34102\n" })
      assert.strictEqual(ended.exit, 0)
      assert.match(ended.stderr, /^warning: the value of DEMO_KEY stands in the arguments, .* '\$\{DEMO_KEY\}'\n/)
      assert.notInclude(ended.stderr + ended.stdout, "hush-hush-hush")
    }))

  it.scopedLive.skipIf(process.platform !== "linux")(
    "no FILE on a terminal is told, and - reads what is typed",
    () =>
      Effect.gen(function*() {
        const { flags } = yield* setup([])
        const cwd = yield* folder
        const typed = `${program.join(" ")} run ${flags.map((flag) => `'${flag}'`).join(" ")}`
        const terminal = { cwd, env, program: ["script", "-qec"], stdin: "open" } as const
        const told = yield* run([typed, "/dev/null"], terminal)
        assert.strictEqual(told.exit, 2)
        assert.match(told.stdout, /rollcall: which codes\? Name a FILE, or pipe them in, or type them after -\r\n$/)
        const typing = yield* start([`${typed} - -o out.ndjson`, "/dev/null"], terminal)
        yield* until(() => typing.said().includes("Ctrl-D ends the list"))
        typing.process.stdin!.write("34102\n\u0004")
        assert.strictEqual((yield* typing.ended).exit, 0)
        assert.strictEqual(records(readFileSync(join(cwd, "out.ndjson"), "utf8")).length, 1)
      })
  )
})

describe.concurrent("rollcall: bad input", () => {
  const cases: ReadonlyArray<
    readonly [what: string, input: string | Uint8Array, typed: ReadonlyArray<string>, exit: number, message: RegExp]
  > = [
    ["an empty file", "", [], 2, /list: there is no code in it/],
    ["a file of blank lines", "\n\n \n", [], 2, /list: there is no code in it/],
    [
      "a binary file",
      Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"),
      [],
      2,
      /list:1: .*not UTF-8/
    ],
    ["a line of 50 MB", "x".repeat(50_000_000), [], 2, /list:1: /],
    ["a folder", "1\n", ["."], 2, /^rollcall: \.: it is a folder: name a file in it/],
    ["a file that is not there", "1\n", ["nosuch"], 2, /nosuch: there is no such file/],
    ["a column that is not there", "zip,city\n1,x\n", ["--input-format=csv", "--column=ZIP"], 2, /ZIP.*zip/],
    ["a column that the URL names", "1\n", ["--url=http://127.0.0.1:1/{code}/{year}"], 2, /\{year\}.*no columns/],
    ["a key that is not set", "1\n", ["-H", "Key: ${NOPE}"], 2, /NOPE/],
    ["a URL without {code}", "1\n", ["--url=http://127.0.0.1:1/"], 2, /\{code\}/],
    ["a URL that is none", "1\n", ["--url=nonsense/{code}"], 2, /nonsense/],
    [
      "a port that is closed",
      "1\n",
      [],
      4,
      /stopped: nothing listens at .*\nTry it by hand:\n  curl .*\n1 pending: when the server is reached, /
    ],
    ["a host that is not there", "1\n", ["--url=http://nosuch.invalid/{code}"], 4, /stopped: .*nosuch.invalid/],
    ["an output in a folder that is not there", "1\n", ["-o", "no/such/out"], 5, /no\/such\/out.*no such folder/],
    ["an output that is a folder", "1\n", ["-o", "folder"], 2, /folder: it is a folder/],
    ["an output that is there", "1\n", ["-o", "foreign"], 2, /foreign: it exists and is not the output/],
    ["a ledger that is another file", "1\n", ["--ledger", "foreign"], 5, /foreign: .*not a ledger/],
    ["a ledger that is a folder", "1\n", ["--ledger", "folder"], 5, /folder: it is a folder/]
  ]
  it.scopedLive.each(cases)("%s", ([, input, typed, exit, message]) =>
    Effect.gen(function*() {
      const cwd = yield* folder
      writeFileSync(join(cwd, "list"), input)
      writeFileSync(join(cwd, "foreign"), "this is mine\n")
      mkdirSync(join(cwd, "folder"))
      const file = typed.some((word) => word === "." || word === "nosuch") ? [] : ["list"]
      const given = typed.some((word) => word.startsWith("--url")) ? [] : ["--url", url]
      const target = typed.includes("-o") ? [] : ["-o", "out.ndjson"]
      const ended = yield* run(["run", ...file, ...given, ...target, ...typed], { cwd })
      assert.deepStrictEqual([ended.exit, ended.stdout], [exit, ""], ended.stderr)
      assert.match(ended.stderr, message)
      assert.match(ended.stderr, /^(.*\n){1,6}$/)
      isPlain(ended)
      assert.deepStrictEqual(readdirSync(cwd, { recursive: true }).toSorted(), ["folder", "foreign", "list"])
      assert.strictEqual(readFileSync(join(cwd, "foreign"), "utf8"), "this is mine\n")
    }))

  it.scopedLive("codes that try to be more than a code arrive as they are, or not at all", () =>
    Effect.gen(function*() {
      const { demo, flags } = yield* setup([])
      const codes = [
        "a/b",
        "a?b=c",
        "a#b",
        "50%",
        "%2e%2e",
        "a b",
        "a&b",
        "a\\b",
        "😀",
        "ä",
        "\"quoted\"",
        "'",
        "$(id)",
        "-"
      ]
      const refused = [".", ".."]
      const { exit, stdout } = yield* run(["run", ...flags], {
        cwd: yield* folder,
        env,
        stdin: ["34102", ...codes, ...refused].join("\r\n")
      })
      assert.strictEqual(exit, 3)
      const all = records(stdout)
      assert.deepStrictEqual(all.map(({ code }) => code), ["34102", ...codes, ...refused])
      assert.deepStrictEqual(all.map(({ outcome }) => outcome), [
        "found",
        ...[...codes, ...refused].map(() => "invalid")
      ])
      const log = yield* demo.log
      assert.deepStrictEqual([...log.codes.keys()].toSorted(), ["34102", ...codes].toSorted())
      assert.strictEqual(log.calls, 1 + codes.length)
    }))

  it.scopedLive("a key that is refused, a request that finds nothing, and the right ones after them", () =>
    Effect.gen(function*() {
      const { demo, flags } = yield* setup([])
      const cwd = yield* folder
      writeFileSync(
        join(cwd, "list"),
        Array.from({ length: 150 }, (_, index) => `00${String(index).padStart(3, "0")}\n`).join("")
      )
      const key = yield* run(["run", "list", ...flags, "-o", "out.ndjson"], { cwd, env: { DEMO_KEY: "wrong-key" } })
      assert.strictEqual(key.exit, 4)
      assert.match(key.stderr, /stopped: .*401.*\n.*key.*\nTry it by hand:\n  curl .*\$\{DEMO_KEY\}/)
      assert.notInclude(key.stderr, "wrong-key")
      // what the refused call cost counts
      assert.deepStrictEqual(readdirSync(cwd), ["list", "out.ndjson.ledger"])
      const refused = (yield* demo.log).codes
      const none = yield* run(["run", "list", ...flags, "-o", "out.ndjson"], { cwd, env })
      assert.strictEqual(none.exit, 4)
      assert.match(
        none.stderr,
        /none of the first 1\d\d outcomes is "found"\nTry it by hand:\n  curl .*\n1\d\d calls were made: .*\n.*--allow-none/
      )
      const before = (yield* demo.log).codes
      const again = yield* run(["run", "list", ...flags, "-o", "out.ndjson"], { cwd, env })
      assert.strictEqual(again.exit, 4)
      assert.match(
        again.stderr,
        /stopped: none of the 1\d\d codes that were asked was found, .*\nTry it by hand:\n  curl /
      )
      assert.notInclude(again.stderr, "calls were made")
      assert.deepStrictEqual((yield* demo.log).codes, before)
      const all = yield* run(["run", "list", ...flags, "-o", "out.ndjson", "--allow-none"], { cwd, env })
      assert.strictEqual(all.exit, 0)
      const log = yield* demo.log
      assert.isBelow(before.size, 150)
      assert.strictEqual(log.codes.size, 150)
      // what was paid for is not paid for again: those that met the wrong key have no answer of it
      assert.isTrue([...log.codes].every(([code, calls]) => calls === 1 + (refused.get(code) ?? 0)))
    }))

  it.scopedLive("a wrong URL, and the right one after it, without --fresh", () =>
    Effect.gen(function*() {
      const { flags } = yield* setup([])
      const cwd = yield* folder
      writeFileSync(join(cwd, "list"), "34102\n00501\n")
      assert.strictEqual((yield* run(["run", "list", "--url", url, "-o", "out.ndjson"], { cwd, env })).exit, 4)
      assert.strictEqual((yield* run(["run", "list", ...flags, "-o", "out.ndjson"], { cwd, env })).exit, 0)
    }))

  it.scopedLive("a changed request is refused with what differs, and --fresh puts the old one aside", () =>
    Effect.gen(function*() {
      const { demo, flags } = yield* setup([])
      const cwd = yield* folder
      writeFileSync(join(cwd, "list"), "34102\n00501\n")
      const words = ["run", "list", ...flags, "-o", "out.ndjson"]
      assert.strictEqual((yield* run(words, { cwd, env })).exit, 0)
      const before = readFileSync(join(cwd, "out.ndjson"), "utf8")
      const other = words.map((word) => word.replace("/{code}", "/{code}?v=2"))
      const refused = yield* run(other, { cwd, env })
      assert.deepStrictEqual([refused.exit, refused.stdout], [2, ""])
      assert.match(refused.stderr, /^rollcall: out\.ndjson\.ledger: .*v.*--fresh/)
      assert.strictEqual(readFileSync(join(cwd, "out.ndjson"), "utf8"), before)
      assert.strictEqual((yield* demo.log).calls, 2)
      const fresh = yield* run([...other, "--fresh"], { cwd, env })
      assert.strictEqual(fresh.exit, 0)
      assert.match(fresh.stderr, /^put aside: /)
      const stamp = "\\.\\d{8}T\\d{6}"
      assert.match(
        readdirSync(cwd).toSorted().join(),
        new RegExp(
          `^list,out.ndjson,out.ndjson${stamp},out.ndjson.ledger,out.ndjson.ledger${stamp}$`
        )
      )
      assert.strictEqual((yield* demo.log).calls, 4)
    }))

  it.scopedLive("a reader that goes away ends it quietly, exit 141", () =>
    Effect.gen(function*() {
      const { flags } = yield* setup([])
      const cwd = yield* folder
      writeFileSync(join(cwd, "list"), (yield* Demo.codes).slice(0, 2_000).join("\n"))
      const words = ["-c", "set -o pipefail; \"$@\" | head -1", "sh", ...program]
      const ended = yield* run([...words, "run", "list", ...flags, "-c", "64"], { cwd, env, program: ["bash"] })
      assert.strictEqual(ended.exit, 141)
      assert.strictEqual(records(ended.stdout).length, 1)
      assert.notMatch(ended.stderr, /EPIPE|rollcall:|Error/)
      isPlain(ended)
    }))

  const shell: ReadonlyArray<readonly [what: string, redirect: string, exit: number, message: RegExp]> = [
    ["a full disk behind standard output", ">/dev/full", 5, /rollcall: standard output: .*ENOSPC|space/],
    ["standard output closed", ">&-", 2, /standard output is closed, and no other output is named/],
    ["standard error closed", "2>&-", 0, /^$/]
  ]
  it.scopedLive.each(process.platform === "linux" ? shell : [])(
    "%s",
    ([, redirect, exit, message]) =>
      Effect.gen(function*() {
        const { flags } = yield* setup([])
        const words = ["-c", `"$@" ${redirect}`, "sh", ...program, "run", ...flags]
        const ended = yield* run(words, { cwd: yield* folder, env, program: ["bash"], stdin: "34102\n" })
        assert.strictEqual(ended.exit, exit, ended.stderr)
        assert.match(ended.stderr, message)
        isPlain(ended)
      })
  )

  const driver = join(root, "node_modules", "@photostructure", "sqlite")
  const bindings: ReadonlyArray<readonly [what: string, make: (modules: string) => void]> = [
    ["is not installed", () => {}],
    ["has no binary for this machine", (modules) => {
      for (const part of ["dist", "package.json"]) {
        cpSync(join(driver, part), join(modules, "@photostructure", "sqlite", part), { recursive: true })
      }
    }],
    ["is broken", (modules) => {
      for (const part of ["dist", "package.json"]) {
        cpSync(join(driver, part), join(modules, "@photostructure", "sqlite", part), { recursive: true })
      }
      const prebuilds = join(modules, "@photostructure", "sqlite", "prebuilds", `${process.platform}-${process.arch}`)
      mkdirSync(prebuilds, { recursive: true })
      for (const libc of ["glibc", "musl"]) writeFileSync(join(prebuilds, `sqlite.${libc}.node`), "not a library")
    }]
  ]
  it.scopedLive.each(Driver.isRecent(process.versions.sqlite) ? [] : bindings)(
    "an SQLite driver that %s",
    ([, make]) =>
      Effect.gen(function*() {
        const [cwd, installed] = [yield* folder, yield* folder]
        const dist = resolve(program[1]!, "..")
        cpSync(join(dist, "bin.js"), join(installed, "dist", "bin.js"))
        cpSync(join(dist, "chunks"), join(installed, "dist", "chunks"), { recursive: true })
        writeFileSync(join(installed, "package.json"), `{"type":"module"}`)
        mkdirSync(join(installed, "node_modules"))
        symlinkSync(join(root, "node_modules", "node-gyp-build"), join(installed, "node_modules", "node-gyp-build"))
        make(join(installed, "node_modules"))
        const ended = yield* run(["run", "--url", url, "-o", "out.ndjson"], {
          cwd,
          program: [process.execPath, join(installed, "dist", "bin.js")],
          stdin: "1\n"
        })
        assert.deepStrictEqual([ended.exit, ended.stdout], [5, ""])
        assert.match(ended.stderr, /^rollcall: .*SQLite could not be loaded \(.*\): install rollcall again, .*\n$/)
        isPlain(ended)
        assert.deepStrictEqual(readdirSync(cwd), [])
      })
  )
})
