/**
 * What can be wrong with an output.
 */
import { Schema } from "effect"

/** The output cannot be written. `Closed` is a reader that went away; `Busy`: another run writes to it. */
export class SinkError extends Schema.TaggedError<SinkError>()("SinkError", {
  reason: Schema.Literal("Exists", "Open", "Write", "Closed", "Clash", "Busy"),
  sink: Schema.String,
  detail: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  override get message() {
    return `${this.sink}: ${this.detail}`
  }
}
