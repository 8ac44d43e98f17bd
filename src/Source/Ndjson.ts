/**
 * One JSON value per line: an object with the code in a column, or the code itself as a string or a number.
 */
import { Either } from "effect"
import { type Entry, toText } from "../Entry.ts"
import { withDigits } from "../Json.ts"
import type { Format } from "../Source.ts"
import { missingColumn } from "./Column.ts"
import * as Lines from "./Lines.ts"
import { SourceError } from "./SourceError.ts"

export const format: Format = {
  endings: ["ndjson", "jsonl"],
  reader: ({ column, name }) => {
    const lines = Lines.reader(name)
    const read = entries(name, column)
    return (piece, isLast) => Either.flatMap(lines(piece, isLast), read)
  }
}

/** The entries of texts that are one JSON value each. */
export const entries =
  (source: string, column: string | undefined) =>
  (texts: ReadonlyArray<Lines.Line>): Either.Either<ReadonlyArray<Entry>, SourceError> => {
    const found: Array<Entry> = []
    for (const text of texts) {
      const read = entry(source, column, text)
      if (Either.isLeft(read)) return Either.left(read.left)
      found.push(read.right)
    }
    return Either.right(found)
  }

const entry = (
  source: string,
  column: string | undefined,
  { line, text }: Lines.Line
): Either.Either<Entry, SourceError> => {
  const failed = (detail: string) => Either.left(new SourceError({ reason: "Syntax", source, line, detail }))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return failed(/^\s*[[{]\s*$/.test(text) ? oneDocument : `this is not JSON: ${explain(cause as Error)}`)
  }
  if (typeof value === "string") return Either.right({ line, input: value })
  if (typeof value === "number") return Either.right({ line, input: text.trim() })
  if (Array.isArray(value)) return failed(oneDocument)
  if (typeof value !== "object" || value === null) return failed("this is neither an object nor a code")

  const names = Object.keys(value)
  const code = column ?? (names.length === 1 ? names[0]! : undefined)
  if (code === undefined || !Object.hasOwn(value, code)) {
    return Either.left(missingColumn(source, line, code, names))
  }
  const columns = withDigits(text, value, code) as Record<string, unknown>
  const input = columns[code]
  return typeof input === "boolean" || (typeof input === "object" && input !== null)
    ? failed(`the column ${JSON.stringify(code)} holds ${JSON.stringify(input).slice(0, 40)}, which is not a code`)
    : Either.right({ line, input: toText(input), columns })
}

/** On one line, and without a count of lines from the value's own beginning. */
const explain = ({ message }: Error) => message.replace(/ \(line \d+ column \d+\)$/, "").replace(/\s+/g, " ")

const oneDocument = "NDJSON has a whole object on each line; an array of them is read with --input-format json"
