/**
 * What can be wrong with an input. It is found before anything is called.
 */
import { Schema } from "effect"

/** The input cannot be read; the message names the file, the line and the column where they are known. */
export class SourceError extends Schema.TaggedError<SourceError>()("SourceError", {
  reason: Schema.Literal("NotFound", "Unreadable", "Empty", "Encoding", "Syntax", "Column", "TooLong"),
  source: Schema.String,
  line: Schema.optional(Schema.Int),
  detail: Schema.String
}) {
  override get message() {
    return `${this.source}${this.line === undefined ? "" : `:${this.line}`}: ${this.detail}`
  }
}
