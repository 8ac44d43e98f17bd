import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { commands } from "../../src/Cli.ts"
import * as Argv from "../../src/Cli/Argv.ts"
import type * as Command from "../../src/Cli/Command.ts"
import * as Flag from "../../src/Cli/Flag.ts"
import * as Help from "../../src/Cli/Help.ts"

const screens: Readonly<Record<string, string>> = {
  "": Help.overview(commands),
  ...Object.fromEntries(all().map((it) => [it.name, Help.screen(it)]))
}

function all(): ReadonlyArray<Command.Command<any>> {
  return Object.values(commands)
}

describe("Help", () => {
  it.each(Object.entries(screens))("rollcall %s --help fits a screen", (_, text) => {
    const lines = text.split("\n")
    assert.isAtMost(lines.length, 72)
    for (const line of lines) {
      assert.isAtMost(line.length, 100, line)
      assert.match(line, /^$|\S$/)
    }
    assert.match(text, /^[\x20-\x7e…\n]+\n$/)
  })

  it.each(all().map((command) => [command.name, command] as const))("%s says how a flag of its own is set", (name) => {
    const [, flag = "", variable] = /--(\S+) is (ROLLCALL_\S+)\.\n$/.exec(screens[name]!)!
    assert.include(Object.values(commands[name as keyof typeof commands].flags).map(({ name }) => name), flag)
    assert.strictEqual(variable, Flag.variable(flag))
  })

  it.each(["status", "export", "forget"])("%s says which run it means", (name) => {
    assert.include(screens[name], "\nA run is named by its output or its ledger; without a name it is the last one ")
  })

  it("lists every command", () => {
    for (const { name, summary } of all()) {
      assert.match(screens[""]!, new RegExp(`^  ${name} +${summary.slice(0, 20)}`, "m"))
    }
  })

  it.each(all().map((command) => [command.name, command] as const))("%s lists every flag, aligned", (name, command) => {
    const text = screens[name]!
    const columns = Object.values(command.flags).map((flag) => {
      const line = text.split("\n").find((line) => new RegExp(`^  (-.,|   ) --${flag.name}(?![\\w-])`).test(line))
      assert.isDefined(line, flag.name)
      assert.include(line, flag.help)
      if (flag.alias !== undefined) assert.include(line, `-${flag.alias}, `)
      return line!.length - flag.help.length
    })
    assert.deepStrictEqual(new Set(columns).size, 1)
    for (const { group } of Object.values(command.flags)) assert.match(text, new RegExp(`^\n?${group}$`, "m"))
  })

  it.each(all().map((command) => [command.name, command] as const))("%s has examples that parse", (_, command) => {
    for (const example of command.examples) {
      const typed = new RegExp(`rollcall ${command.name}(?: (.*)|$)`).exec(example)
      assert.isNotNull(typed, example)
      const words = [...(typed[1] ?? "").matchAll(/'([^']*)'|(\S+)/g)].map(([word, quoted]) => quoted ?? word)
      const accepts = { name: command.name, flags: Object.values(command.flags), argument: command.argument }
      const taken = Argv.normalize(words, accepts, () => undefined)
      assert.isTrue(Either.isRight(taken), example)
    }
  })
})
