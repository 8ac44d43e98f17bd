/**
 * One JSON value per line: an object with the code in a column, or the code itself as a string.
 */
import { Effect, Stream } from "effect"
import { type Entry, toText } from "../Entry.ts"
import type { Format } from "../Source.ts"
import { missingColumn } from "./Column.ts"
import * as Lines from "./Lines.ts"
import { SourceError } from "./SourceError.ts"

export const format: Format = {
  endings: ["ndjson", "jsonl"],
  entries: (text, { column, name }) => Stream.mapEffect(Lines.split(name, text), (line) => entry(name, column, line))
}

const entry = (
  name: string,
  column: string | undefined,
  { line, text }: Lines.Line
): Effect.Effect<Entry, SourceError> =>
  Effect.suspend(() => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      return new SourceError({
        reason: "Syntax",
        source: name,
        line,
        detail: `this is not JSON: ${(cause as Error).message}`
      })
    }
    if (typeof value === "string") return Effect.succeed({ line, input: value })
    // as written: a number would lose its digits beyond 2⁵³
    if (typeof value === "number") return Effect.succeed({ line, input: text.trim() })
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return new SourceError({ reason: "Syntax", source: name, line, detail: "this is neither an object nor a code" })
    }
    const columns = value as Record<string, unknown>
    const at = column ?? (Object.keys(columns).length === 1 ? Object.keys(columns)[0]! : undefined)
    if (at === undefined || !Object.hasOwn(columns, at)) return missingColumn(name, line, at, Object.keys(columns))
    return Effect.succeed({ line, input: toText(columns[at]), columns })
  })
