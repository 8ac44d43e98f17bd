import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import * as Argv from "../../src/Cli/Argv.ts"
import * as Run from "../../src/Cli/commands/Run.ts"
import * as Flag from "../../src/Cli/Flag.ts"
import * as Key from "../../src/Job/Key.ts"

const accepts: Argv.Accepts = { name: "run", flags: Object.values(Run.flags), argument: "FILE" }

const normalize = (words: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
  Either.getOrThrowWith(
    Argv.normalize(words, accepts, (name) => environment[name]),
    ({ message }) => new Error(message)
  )

const refusal = (words: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
  Either.match(Argv.normalize(words, accepts, (name) => environment[name]), {
    onLeft: ({ message }) => message,
    onRight: (words) => `taken: ${words.join(" ")}`
  })

const about = { group: "Answer", help: "" }

describe("Argv.normalize", () => {
  const c16 = ["--concurrency", "16"]
  const taken: ReadonlyArray<readonly [typed: ReadonlyArray<string>, parsed: ReadonlyArray<string>]> = [
    [[], []],
    [["list.txt"], ["list.txt"]],
    [["--url", "u"], ["--url", "u"]],
    [["--url=u"], ["--url", "u"]],
    [["--url=u?a=b=c"], ["--url", "u?a=b=c"]],
    [["-d", ""], ["--data", ""]],
    [["-c16"], c16],
    [["-c", "16"], c16],
    [["-c=16"], c16],
    [["-c16", "list.txt", "-q"], [...c16, "--quiet", "list.txt"]],
    [["list.txt", "-c16"], [...c16, "list.txt"]],
    [["-"], [Argv.stdin]],
    [["-", "-c16"], [...c16, Argv.stdin]],
    [["-o", "-", "-"], ["--output", "-", Argv.stdin]],
    [["-c16", "--", "-list.txt"], [...c16, "./-list.txt"]],
    [["--", "--url"], ["./--url"]],
    [["--", "-"], [Argv.stdin]],
    [[Argv.stdin], [`./${Argv.stdin}`]],
    [["-H", "A: 1", "-HB: 2", "--header=C: 3"], ["--header", "A: 1", "--header", "B: 2", "--header", "C: 3"]],
    [["--pattern", "-5"], ["--pattern", "-5"]],
    [["--pattern", "--five"], ["--pattern", "--five"]],
    [["--pattern=--url"], ["--pattern", "--url"]],
    [["-A", "me", "-k"], ["--user-agent", "me", "--insecure"]],
    [["--data-raw={}"], ["--data", "{}"]],
    [["--output-format", "csv"], ["--format", "csv"]],
    [["--pattern", "'x'"], ["--pattern", "'x'"]],
    [["-q", "-q"], ["--quiet", "--quiet"]]
  ]
  it.each(taken)("%j is %j", (typed, parsed) => assert.deepStrictEqual(normalize(typed), parsed))

  const refused: ReadonlyArray<readonly [typed: ReadonlyArray<string>, message: string]> = [
    [["--ulr", "u"], "there is no flag --ulr: did you mean --url?"],
    [["--urls", "u"], "there is no flag --urls: did you mean --url?"],
    [["--URL", "u"], "there is no flag --URL: did you mean --url?"],
    [["--ulr=https://secret"], "there is no flag --ulr: did you mean --url?"],
    [["-url", "u"], "there is no flag -url: did you mean --url?"],
    [["-L"], "-L: redirects within the origin are followed; --allow-origin allows others"],
    [["-u", "me:pw"], "-u: write a name and a password as -H 'Authorization: Basic ${BASIC}', in base64"],
    [["--rate", "-c", "4"], "--rate needs a value, and -c is a flag"],
    [["-l"], "there is no flag -l"],
    [["--version"], "--version: rollcall --version shows it"],
    [["'https://x/{code}'"], "'https://x/{code}' came with its quotes: in cmd.exe write \"https://x/{code}\""],
    [["-H", "'Key:", "${K}'", "f"], "'Key: ${K}' came with its quotes: in cmd.exe write \"Key: ${K}\""],
    [["-output", "f"], "there is no flag -output: did you mean --output?"],
    [["-C", "5"], "there is no flag -C: did you mean -c?"],
    [["-h=1"], "there is no flag -h: did you mean -H?"],
    [["--conc", "5"], "there is no flag --conc: did you mean --concurrency?"],
    [["--concurency", "5"], "there is no flag --concurency: did you mean --concurrency?"],
    [["--maxwait", "5m"], "there is no flag --maxwait: did you mean --max-wait?"],
    [["--frobnicate"], "there is no flag --frobnicate"],
    [["-z"], "there is no flag -z"],
    [["--url", "u", "--url", "v"], "--url is given twice"],
    [["-c4", "--concurrency=5"], "--concurrency is given twice"],
    [["--url"], "--url needs a value: --url TEMPLATE"],
    [["--rate="], "--rate is empty: is a variable not set?"],
    [["--max-calls", "", "f"], "--max-calls is empty: is a variable not set?"],
    [["-H="], "--header is empty: is a variable not set?"],
    [["--url", "--", "f"], "--url needs a value: --url TEMPLATE"],
    [["--url=--"], "--url needs a value: --url TEMPLATE"],
    [["-o"], "--output needs a value: --output FILE"],
    [["--url", "--column", "zip"], "--url needs a value, and --column is a flag"],
    [["--url", "--column=zip"], "--url needs a value, and --column is a flag"],
    [["--quiet=yes"], "--quiet takes no value: --quiet=yes"],
    [
      ["f", "-H", "Key:", "s3cr3t"],
      "a blank divides the header Key: from its value: write it in quotes, -H \"Key: …\""
    ],
    [
      ["--header", "Authorization:", "Bearer", "s3cr3t", "f"],
      "a blank divides the header Authorization: from its value: write it in quotes, -H \"Authorization: …\""
    ],
    [["a.txt", "b.txt"], "one FILE at a time: a.txt b.txt (quote a name that holds spaces)"]
  ]
  it.each(refused)("%j: %s", (typed, message) => assert.strictEqual(refusal(typed), message))

  it("takes from the environment what was not typed", () => {
    assert.deepStrictEqual(normalize(["f"], { ROLLCALL_URL: "u", ROLLCALL_MAX_WAIT: "5m" }), [
      "--url",
      "u",
      "--max-wait",
      "5m",
      "f"
    ])
    assert.deepStrictEqual(normalize(["--url=typed"], { ROLLCALL_URL: "set" }), ["--url", "typed"])
    assert.deepStrictEqual(normalize([], { ROLLCALL_URL: "", ROLLCALL_QUIET: "" }), [])
    const headers = { ROLLCALL_HEADER: "A: 1\nB: 2\n" }
    assert.deepStrictEqual(normalize([], headers), ["--header", "A: 1", "--header", "B: 2"])
    assert.deepStrictEqual(normalize(["-H", "C: 3"], headers), ["--header", "C: 3"])
  })

  it.each(["1", "true", "YES", "on"])("a switch is on when its variable is %s", (value) => {
    assert.deepStrictEqual(normalize([], { ROLLCALL_QUIET: value }), ["--quiet"])
  })

  it.each(["0", "false", "No", "off"])("a switch is off when its variable is %s", (value) => {
    assert.deepStrictEqual(normalize([], { ROLLCALL_QUIET: value }), [])
  })

  it("a switch is nothing else", () => {
    assert.strictEqual(
      refusal([], { ROLLCALL_QUIET: "maybe" }),
      "ROLLCALL_QUIET is a switch: set it to 1 or 0, not \"maybe\""
    )
  })

  it("refuses an argument where there is none", () => {
    const quiet = Flag.toggle("quiet", { group: "", help: "" })
    const normal = Argv.normalize(["x"], { name: "demo", flags: [quiet], argument: undefined }, () => undefined)
    assert.strictEqual(Either.getOrThrow(Either.flip(normal)).message, "rollcall demo takes no argument: x")
  })
})

describe("UsageError", () => {
  it("is a value of its schema", () => {
    const error = new Argv.UsageError({ message: "no", command: "run" })
    assert.deepStrictEqual(Schema.encodeSync(Argv.UsageError)(error), {
      _tag: "UsageError",
      message: "no",
      command: "run"
    })
  })
})

describe("asTyped", () => {
  const flags = [
    Flag.optional("concurrency", Key.text, { ...about, alias: "c" }),
    Flag.optional("rate", Key.text, about)
  ]
  it.each(
    [
      ["--concurrency \"zero\": no", ["run", "-c", "zero"], "-c \"zero\": no"],
      ["--concurrency \"zero\": no", ["run", "-czero"], "-c \"zero\": no"],
      ["--concurrency \"zero\": no", ["run", "--concurrency=zero"], "--concurrency \"zero\": no"],
      ["--concurrency is given twice", ["run", "-c", "1", "--concurrency", "2"], "--concurrency is given twice"],
      ["--rate \"x\": no", ["run", "-c", "1", "--rate", "x"], "--rate \"x\": no"]
    ] as const
  )("%s after %j", (message, words, said) => assert.strictEqual(Argv.asTyped(message, words, flags), said))
})

describe("flags whose order counts", () => {
  it("come with their places, and what stands in the job file after what was typed", () => {
    const accepts = { name: "run", flags: [Flag.placed("a", about), Flag.placed("b", about)], argument: undefined }
    const job = [["b", "z"], ["a", "never"]] as const
    const words = Either.getOrThrow(
      Argv.normalize(["--a", "x:1", "--a=y"], accepts, () => undefined, job)
    )
    assert.deepStrictEqual(words, ["--a", "1:x:1", "--a", "2:y", "--b", "4:z"])
    const typed = Either.getOrThrow(
      Argv.normalize(["--b=1", "-", "--a=2", "--b=3"], { ...accepts, argument: "FILE" }, () => undefined)
    )
    assert.deepStrictEqual(Argv.settings(typed, accepts.flags), [["b", "1"], ["a", "2"], ["b", "3"], ["file", "-"]])
  })
})
