/**
 * The help screens: plain text, within the width of the terminal, a command's flags under their headings.
 */
import type { Command } from "./Command.ts"
import * as Flag from "./Flag.ts"
import { widest, wrap } from "./Width.ts"

/** Where the text of a flag, and that of a word, begins, and how narrow a terminal must be for it to begin on a line of its own. */
const [indent, far, narrow] = [29, 37, 60]

/** What `rollcall --help` shows: a screen of 24 lines. */
export const overview = (commands: ReadonlyArray<Command<any>>, width = widest): string =>
  [
    ...wrap("Rollcall asks an API about every code in a list: one outcome per code.", width),
    "",
    ...wrap("Usage: rollcall COMMAND [FILE] [OPTIONS]", width),
    "",
    "Commands",
    ...commands.flatMap(({ name, summary }) => entry(`  ${name}`, summary, 12, width)),
    "",
    "Begin here",
    ...entry("  rollcall demo", "the whole thing, on this machine", indent, width),
    ...entry("  rollcall COMMAND --help", "the flags of a command", indent, width),
    "  rollcall run zips.txt --url 'https://api.example/{code}' -o zips.csv",
    "",
    ...wrap("The same command twice is safe: the second goes on where the first stopped.", width),
    ...wrap("Exit: 0 all answered, 2 usage or input, 3 some failed or invalid,", width),
    ...wrap("4 stopped early, 5 output or ledger; after 4, 5 and a signal: run it again.", width),
    ""
  ].join("\n")

/** What `rollcall COMMAND --help` shows: what is used most, where there is much; all of it with `--all`. */
export const screen = (command: Command<any>, isAll = true, width = widest): string => {
  const flags: ReadonlyArray<Flag.Any> = Object.values(command.flags)
  const { common } = command
  const shown = isAll || common === undefined ? flags : flags.filter(({ name }) => common.includes(name))
  // its name says most about how the others are written
  const sample = flags.find(({ name }) => name.includes("-")) ?? flags[0]
  const groups = [...new Set(shown.map(({ group }) => group))]
  const isWhole = shown.length === flags.length
  return [
    ...wrap(`${command.summary[0]!.toUpperCase()}${command.summary.slice(1)}.`, width),
    "",
    ...wrap(`Usage: ${command.usage}`, width),
    ...command.examples.flatMap((example) => copied(example, width).map((line) => `  ${line}`)),
    ...(command.about === undefined ? [] : ["", ...wrap(command.about, width)]),
    ...(command.words ?? []).flatMap(([word, meaning]) => entry(`  ${word}`, meaning, far, width)),
    ...groups.flatMap((group) => [
      "",
      group,
      ...shown.filter((flag) => flag.group === group).flatMap((flag) => entry(left(flag), flag.help, indent, width))
    ]),
    ...(flags.length === 0 ? [] : [""]),
    ...(isWhole ? [] : wrap(`${flags.length - shown.length} more flags: rollcall ${command.name} --help --all`, width)),
    ...(sample === undefined
      ? []
      : wrap(`Each flag can be set in the environment: --${sample.name} is ${Flag.variable(sample.name)}.`, width)),
    ""
  ].join("\n")
}

const left = ({ alias, isRepeated, name, value }: Flag.Any): string =>
  `  ${alias === undefined ? "   " : `-${alias},`} --${name}${value === undefined ? "" : ` ${value}`}${
    isRepeated ? "…" : ""
  }`

/** A name and its text beside it; below it where there is no room. */
const entry = (name: string, text: string, at: number, width: number): ReadonlyArray<string> => {
  const isNarrow = width < narrow
  const from = isNarrow ? 8 : at
  const lines = wrap(text, width - from)
  const below = (all: ReadonlyArray<string>) => all.map((line) => `${" ".repeat(from)}${line}`)
  return isNarrow || name.length >= from
    ? [name, ...below(lines)]
    : [`${name.padEnd(from)}${lines[0]}`, ...below(lines.slice(1))]
}

/** A command to copy: where it is long it goes on in another line, before a flag. */
const copied = (example: string, width: number): ReadonlyArray<string> => {
  if (width >= widest && (example.length <= widest - 2 || example.includes("\n"))) return example.split("\n")
  const parts = example.replace(/\s*\\\n\s*/g, " ").split(/ (?=--?\w(?:[^']|'[^']*')*$)/)
  const lines: Array<string> = []
  for (const part of parts) {
    const last = lines.at(-1)
    // the indent, and what says that it goes on
    if (last === undefined || last.length + part.length + 5 > width) lines.push(last === undefined ? part : `  ${part}`)
    else lines[lines.length - 1] = `${last} ${part}`
  }
  return lines.map((line, at) => at < lines.length - 1 ? `${line} \\` : line)
}
