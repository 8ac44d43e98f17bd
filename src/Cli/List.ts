/**
 * What is said of a list that has been read: what was taken for granted, and what looks wrong with it and how that is mended.
 */
import { Effect } from "effect"
import type { Listing } from "../Rollcall.ts"
import type { Snapshot } from "../Snapshot.ts"
import * as Hygiene from "../Source/Hygiene.ts"
import * as Told from "../Source/Told.ts"
import * as Talk from "./Talk.ts"

/** The list and its size, with what was taken for granted. */
export const line = (
  source: string,
  { entries, told }: Pick<Listing, "entries" | "told">,
  more: ReadonlyArray<string> = []
): string => {
  const details = [...Told.notes(told), ...more]
  return `${source}: ${Talk.counted(entries, "entry", "entries")}${
    details.length === 0 ? "" : ` (${details.join(", ")})`
  }`
}

/** Says that an output will hold the records of another list than until now, and how those are had again. */
export const replaced = (
  { before, entries }: Pick<Listing, "before" | "entries">,
  { ledger, output, source }: { readonly ledger: string; readonly output: string | undefined; readonly source: string }
): ReadonlyArray<string> =>
  before === undefined || output === undefined ? [] : [
    `${output} had ${Talk.counted(before.entries, "record")} of ${before.source}, and will have ${
      Talk.count(entries)
    } of ${source}: the answers are kept, and the same command with ${before.source}, --ledger ${ledger} `
    + "and another -o writes them again, without a call"
  ]

/** Entries that come in a second where a list is not slow. */
const many = 1000

/** Says that the list is awaited, where little or nothing of it has come for a second; and once more when the first of it has come. */
export const awaited = (
  source: string,
  snapshot: Effect.Effect<Snapshot>,
  hasSaidNone = false
): Effect.Effect<void> =>
  Effect.flatMap(snapshot, (before) =>
    Effect.flatMap(Effect.delay(snapshot, "1 second"), ({ phase, read }) => {
      if (phase !== "reading") return Effect.void
      if (read - before.read > many || (read === 0 && hasSaidNone)) return awaited(source, snapshot, hasSaidNone)
      const say = Talk.say(`${source}: waiting for its end, ${Talk.counted(read, "code")} so far; then they are asked`)
      return read === 0 ? Effect.zipRight(say, awaited(source, snapshot, true)) : say
    }))

/** What looks wrong, a line each. */
export const warnings = ({ hygiene, told }: Pick<Listing, "hygiene" | "told">): ReadonlyArray<string> =>
  [
    ...told.warnings,
    ...(told.foreign === undefined
      ? []
      : [
        `read as Windows-1252, ${
          JSON.stringify(told.foreign)
        } is no word of a western language: is it another encoding? `
        + "--encoding windows-1251 is Cyrillic, windows-1253 Greek"
      ]),
    ...(told.suspect === undefined
      ? []
      : [
        `${told.unit} ${told.suspect.line}, ${
          shown(told.suspect.name)
        }, looks like a row and was read as names of columns: `
        + "--no-header reads it as a row"
      ]),
    ...Hygiene.findings(hygiene).map((finding) => words(finding, told.unit, hygiene.isTable))
  ].map((text) => `warning: ${text}`)

const words = (finding: Hygiene.Finding, unit: Told.Unit, isTable: boolean): string => {
  const { code, count, kind, line } = finding
  const place = `${unit} ${line}: ${shown(code)}`
  const some = (one: string, many: string) => `${Talk.counted(count, one, many)} (${place})`
  switch (kind) {
    case "zeros":
      return `${some("code has", "codes have").replace(" (", ` fewer than ${finding.usual} digits (`)}: `
        + `did a spreadsheet eat leading zeros? --pad ${finding.usual} puts them back`
    case "exponent":
      return `${some("code is", "codes are")} a number with an exponent, and its last digits are lost: `
        + "export the list again, with that column as text"
    case "decimal":
      return `${some("code ends", "codes end")} in .0: a program took the codes for numbers; export them as text, `
        + "or cut it off: sed 's/\\.0*$//'"
    case "formula":
      return `${some("code is", "codes are")} written as a formula: ${
        isTable
          ? "export the list again, with that column as text"
          : "--input-format csv --no-header --column 1 reads it as text"
      }`
    case "apostrophe":
      return `${
        some("code begins", "codes begin")
      } with an apostrophe, a spreadsheet's mark of text: sed "s/^'//" cuts it off`
    case "quoted":
      return `${some("code stands", "codes stand")} in quotes, which are asked too: ${
        isTable
          ? "a quote is none where a blank stands before it, take the blanks out"
          : "--input-format csv --no-header --column 1 takes them off"
      }`
    case "date":
      return `${
        some("code looks", "codes look")
      } like a date that a spreadsheet made: export the list with that column as text`
    case "frame":
      return `${
        some("code looks", "codes look")
      } like the frame of a table that a database client prints: let it write CSV `
        + "(psql --csv, sqlite3 -csv -header, mysql --batch is TSV)"
    case "missing":
      return `${some("code looks", "codes look")} like a word for nothing, and ${count === 1 ? "is" : "are"} asked: `
        + "take such rows out, or --pattern names what a code looks like"
    case "invisible":
      return `${
        some("code holds", "codes hold")
      } a character that cannot be seen, as copies from web pages do: take it out`
    case "replaced":
      return `${
        some("code holds", "codes hold")
      } a character that was lost when the text was encoded: export the list again, as UTF-8`
    case "header":
      return `${unit} ${line}, ${shown(code)}, looks like a header and will be asked: `
        + `--input-format csv --column ${/^\w+$/.test(code) ? code : `'${code}'`} reads it as one`
    case "again":
      return `${some("row repeats", "rows repeat")} the header in the middle, as files put together do: take it out`
    case "table":
      return `${unit} ${line}: ${shown(code)} looks like a row of several cells: name the column, --column NAME `
        + "(or its number, with --no-header)"
    case "program":
      return `${some("line looks", "lines look")} like the text of a program or of a page, and ${
        count === 1 ? "is" : "are"
      } asked: take such lines out, or --pattern names what a code looks like`
    case "objects":
      return `${place}: this looks like JSON: --input-format ndjson --column NAME reads it`
  }
}

/** With what cannot be seen written out. */
const shown = (code: string): string =>
  JSON.stringify(code.length > 60 ? `${code.slice(0, 60)}…` : code).replace(
    /[^\x20-\x7e\p{L}\p{N}\p{P}\p{S}]/gu,
    (char) => `\\u${char.codePointAt(0)!.toString(16).padStart(4, "0")}`
  )
