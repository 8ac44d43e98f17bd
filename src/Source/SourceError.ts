/**
 * What can be wrong with an input. It is found before anything is called.
 */
import { Schema } from "effect"
import { Remedy } from "../Outcome.ts"

/** The input cannot be read; the message names the file, the line and the column where they are known. */
export class SourceError extends Schema.TaggedError<SourceError>()("SourceError", {
  reason: Schema.Literal("NotFound", "Unreadable", "Empty", "Encoding", "Syntax", "Column", "TooLong", "Pattern"),
  source: Schema.String,
  line: Schema.optional(Schema.Int),
  /** What `line` counts: lines of a text unless told otherwise. */
  unit: Schema.optional(Schema.Literal("line", "row", "element")),
  detail: Schema.String,
  /** The columns that are there, where another one was named. */
  columns: Schema.optional(Schema.Array(Schema.String)),
  /** What helps. */
  remedy: Schema.optional(Remedy)
}) {
  override get message() {
    const { detail, line, source, unit = "line" } = this
    if (line === undefined) return `${source}: ${detail}`
    return unit === "line" ? `${source}:${line}: ${detail}` : `${source}, ${unit} ${line}: ${detail}`
  }
}

/** The error of an input without a single code. */
export const empty = (source: string): SourceError =>
  new SourceError({ reason: "Empty", source, detail: "there is no code in it", remedy: "allow_empty" })

/** The error of a pattern that is too much work on one code after the other. */
export const slow = (
  source: string,
  line: number,
  unit: "line" | "row" | "element",
  pattern: string | undefined,
  count: number
): SourceError =>
  new SourceError({
    reason: "Pattern",
    source,
    line,
    unit,
    detail: `it takes too long to tell whether the codes match ${pattern}, ${count} times in a row up to here: `
      + "write it without a repeat within a repeat, as in (a+)+, which tries every way to part a code"
  })
