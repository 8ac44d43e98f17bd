import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import * as Cli from "../../src/Cli.ts"
import * as Argv from "../../src/Cli/Argv.ts"
import * as Flag from "../../src/Cli/Flag.ts"
import * as Help from "../../src/Cli/Help.ts"
import * as Width from "../../src/Cli/Width.ts"

const commands = await Effect.runPromise(Cli.all)
const named = (wanted: string) => commands.find(({ name }) => name === wanted)!

const screens: Readonly<Record<string, string>> = {
  "": Help.overview(commands),
  ...Object.fromEntries(commands.map((it) => [it.name, Help.screen(it)]))
}

describe("Help", () => {
  it.each([80, 60, 40])("fits a terminal of %d columns, broken between words", (width) => {
    const texts = commands.flatMap((command) => [Help.screen(command, true, width), Help.screen(command, false, width)])
    for (const text of [Help.overview(commands, width), ...texts]) {
      assert.match(text, /^[\x20-\x7e…\n]+\n$/)
      for (const line of text.split("\n")) {
        assert.match(line, /^$|\S$/)
        // a line to copy, and a name with its value, are not broken
        if (!/^ {2}(rollcall| {2}-| {4}--|-)|[|=]/.test(line)) assert.isAtMost(line.length, width, line)
        if (width === 80) assert.isAtMost(line.length, width, line)
      }
    }
  })

  it("is a screen of 24 lines, and of 45 for a command, whose groups stand apart", () => {
    assert.isAtMost(screens[""]!.trimEnd().split("\n").length, 24)
    for (const command of commands.filter(({ common }) => common !== undefined)) {
      assert.isAtMost(Help.screen(command, false).trimEnd().split("\n").length, 45)
      // who resumes has named the list before
      if (command.name !== "resume") assert.match(Help.screen(command, false), /\n\nInput\n/)
      assert.match(
        Help.screen(command, false),
        new RegExp(`\\n\\d+ more flags: rollcall ${command.name} --help --all\\n`)
      )
    }
  })

  it.each(commands.map((command) => [command.name, command] as const))(
    "%s says how a flag of its own is set",
    (name) => {
      const [, flag = "", variable] = /--(\S+) is (ROLLCALL_\S+)\.\n$/.exec(screens[name]!)!
      assert.include(Object.values(named(name).flags).map(({ name }) => name), flag)
      assert.strictEqual(variable, Flag.variable(flag))
    }
  )

  it("keeps the meaning of a word beside it, and below it where there is no room", () => {
    const simulate = named("simulate")
    assert.include(
      Help.screen(simulate),
      "\n  outage=60s@5m outage=60s@5m:503    from a minute on, for a time; or :page,\n"
        + `${" ".repeat(37)}:hang\n  brownout=50%@2m+60s                the same, for a share of the calls\n`
    )
    assert.include(
      Help.screen(simulate, true, 40),
      "\n  outage=60s@5m outage=60s@5m:503\n        from a minute on, for a time; or\n        :page, :hang\n  brownout"
    )
  })

  it("breaks a command to copy where a shell takes it, and a text below a flag stands apart from it", () => {
    const text = Help.screen(named("run"), false, 40)
    assert.include(
      text,
      "\n  rollcall run zips.csv --column zip \\\n    -o zips.ndjson \\\n    --url 'https://api.example/zip/{zip}' \\\n"
        + "    -H 'Key: ${API_KEY}'\n"
    )
    assert.include(text, "\n      --column NAME\n        the column that holds the code\n")
  })

  it.each(["status", "export", "forget"])("%s says which run it means", (name) => {
    assert.include(
      screens[name]!.replace(/\n(?=\w)/g, " "),
      "A run is named by its output or its ledger; without a name it is the last one "
    )
  })

  it("lists every command, each under the name of the registry", () => {
    assert.deepStrictEqual(commands.map(({ name }) => name), Object.keys(Cli.commands))
    for (const { name, summary } of commands) {
      assert.match(screens[""]!, new RegExp(`^  ${name} +${summary.slice(0, 20)}`, "m"))
    }
  })

  it.each(commands.map((command) => [command.name, command] as const))(
    "%s lists every flag, aligned",
    (name, command) => {
      const text = screens[name]!
      const lines = text.split("\n")
      const columns = Object.values(command.flags).map((flag) => {
        const at = lines.findIndex((line) => new RegExp(`^  (-.,|   ) --${flag.name}(?![\\w-])`).test(line))
        assert.isAtLeast(at, 0, flag.name)
        if (flag.alias !== undefined) assert.include(lines[at], `-${flag.alias}, `)
        const next = lines.slice(at, at + 4).join(" ").replace(/ +/g, " ")
        assert.include(next, flag.help.replace(/ +/g, " "))
        const word = Width.wrap(flag.help, 51)[0]!
        return lines.slice(at, at + 2).find((line) => line.endsWith(word))!.length - word.length
      })
      assert.deepStrictEqual([...new Set(columns)], [29])
      for (const { group } of Object.values(command.flags)) assert.match(text, new RegExp(`^\n?${group}$`, "m"))
    }
  )

  it.each(commands.map((command) => [command.name, command] as const))("%s has examples that parse", (_, command) => {
    for (const example of command.examples) {
      const typed = new RegExp(`rollcall ${command.name}(?: ([^]*)|$)`).exec(example.replace(/\\\n */g, ""))
      assert.isNotNull(typed, example)
      const words = [...(typed[1] ?? "").matchAll(/'([^']*)'|(\S+)/g)].map(([word, quoted]) => quoted ?? word)
      const accepts = { name: command.name, flags: Object.values(command.flags), argument: command.argument }
      const taken = Argv.normalize(words, accepts, () => undefined)
      assert.isTrue(Either.isRight(taken), example)
    }
  })
})
