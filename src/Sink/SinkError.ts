/**
 * What can be wrong with an output.
 */
import { Schema } from "effect"
import { Remedy } from "../Outcome.ts"

/** The output cannot be written. `Closed` is a reader that went away; `Busy`: another run writes to it. */
export class SinkError extends Schema.TaggedError<SinkError>()("SinkError", {
  reason: Schema.Literal("Exists", "Open", "Write", "Closed", "Clash", "Busy"),
  sink: Schema.String,
  detail: Schema.String,
  /** What helps. */
  remedy: Schema.optional(Remedy),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message() {
    return `${this.sink}: ${this.detail}`
  }
}

/** The error of a layout or a row that a format cannot hold. */
export const clashed = (
  sink: string,
  { clash, remedy }: { readonly clash: string; readonly remedy?: Remedy | undefined }
): SinkError => new SinkError({ reason: "Clash", sink, detail: clash, remedy })
