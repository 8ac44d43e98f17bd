/**
 * The help screens: plain text, within 100 columns, a command's flags under their headings.
 */
import type { Command } from "./Command.ts"
import * as Flag from "./Flag.ts"

/** What `rollcall --help` shows. */
export const overview = (commands: Readonly<Record<string, Command<any>>>): string =>
  [
    "Rollcall asks an API about every code in a list, and ends with exactly one outcome per code.",
    "",
    "Usage: rollcall COMMAND [FILE] [OPTIONS]",
    "",
    "Commands",
    ...Object.values(commands).map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`),
    "",
    "Begin here",
    "  rollcall demo                      44,175 postal codes against a rough API on this machine",
    "  rollcall run zips.txt --url 'https://api.example/zip/{code}' -o zips.ndjson",
    "  rollcall COMMAND --help            the flags of a command",
    "",
    "The same command twice is safe: the second goes on where the first stopped.",
    "Exit: 0 all answered, 2 usage or input, 3 some failed or invalid, 4 stopped early (run it again),",
    "      5 output or ledger cannot be written or is in use, 130/143 interrupted (run it again).",
    ""
  ].join("\n")

/** What `rollcall COMMAND --help` shows. */
export const screen = (command: Command<any>): string => {
  const flags: ReadonlyArray<Flag.Any> = Object.values(command.flags)
  // its name says most about how the others are written
  const sample = flags.find(({ name }) => name.includes("-")) ?? flags[0]!
  const groups = [...new Set(flags.map(({ group }) => group))]
  return [
    `${command.summary[0]!.toUpperCase()}${command.summary.slice(1)}.`,
    "",
    `Usage: ${command.usage}`,
    ...command.examples.map((example) => `  $ ${example}`),
    ...(command.about === undefined ? [] : ["", command.about]),
    ...groups.flatMap((group) => [
      "",
      group,
      ...flags.filter((flag) => flag.group === group).map((flag) => `  ${left(flag).padEnd(28)} ${flag.help}`)
    ]),
    "",
    `Each flag can be set in the environment: --${sample.name} is ${Flag.variable(sample.name)}.`,
    ""
  ].join("\n")
}

const left = ({ alias, isRepeated, name, value }: Flag.Any): string =>
  `${alias === undefined ? "   " : `-${alias},`} --${name}${value === undefined ? "" : ` ${value}`}${
    isRepeated ? "…" : ""
  }`
