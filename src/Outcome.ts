/**
 * An outcome is the final word on a question. These schemas are the wire format of the output and of the ledger.
 */
import { Schema } from "effect"

/** The five final words. What has none of them is pending. */
export const Kind = Schema.Literal("found", "not_found", "invalid", "failed", "skipped")
export type Kind = typeof Kind.Type

/** Why a lookup failed. */
export const Reason = Schema.Literal(
  "invalid_code",
  "timeout",
  "deadline",
  "dns",
  "refused",
  "tls",
  "transport",
  "protocol",
  "local",
  "status",
  "unauthorized",
  "quota",
  "throttled",
  "redirect",
  "decode",
  "rule",
  "too_large",
  "error"
)
export type Reason = typeof Reason.Type

/** What helps against an error, where that is a setting; the command says which flag it is. */
export const Remedy = Schema.Literal(
  // how a server is reached, and what may be sent
  "http2",
  "lenient",
  "http",
  "https",
  "host",
  "ca",
  "cert",
  "other_cert",
  "proxy",
  "origin",
  "idempotent",
  "concurrency",
  // how a list is read
  "column",
  "alias",
  "no_header",
  "delimiter",
  "encoding",
  "format",
  "json",
  "ndjson",
  "sheet",
  "pattern",
  "allow_empty",
  // what is written, and where
  "select",
  "carry",
  "excel",
  "plain",
  "output",
  "ledger",
  "other_ledger",
  "fresh",
  "forgotten"
)
export type Remedy = typeof Remedy.Type

/** What is told beside a result, and what helps. */
export interface Advice {
  readonly message: string
  readonly remedy?: Remedy | undefined
}

/**
 * Why one question got no answer. It is part of an outcome and never ends a run.
 */
export class LookupError extends Schema.TaggedError<LookupError>()("LookupError", {
  reason: Reason,
  message: Schema.String,
  /** The status of the reply, where there was one. */
  status: Schema.optional(Schema.Int),
  /** The rule that decided, as it was written, where one did. */
  rule: Schema.optional(Schema.String),
  /** Nothing was done for the call: it may be made again, whatever it asks for. False: something may have been, and nobody knows. */
  isUnprocessed: Schema.optional(Schema.Boolean),
  /** How long to wait before the next call, where who refused it has said so. */
  wait: Schema.optional(Schema.DurationFromSelf),
  /** What helps. */
  remedy: Schema.optional(Remedy),
  cause: Schema.optional(Schema.Defect)
}) {}

/** How an error stands in a record. */
export const ErrorRecord = Schema.Struct({
  type: Reason,
  message: Schema.String,
  /** The rule that decided, as it was written, where one did. */
  rule: Schema.optional(Schema.String)
})
export type ErrorRecord = typeof ErrorRecord.Type

/** What every outcome tells of how it came to be. */
const told = {
  code: Schema.String,
  /** The HTTP status of the deciding reply. */
  http_status: Schema.optional(Schema.Int),
  /** Calls that count against the retry limit; a call that was throttled does not. */
  attempts: Schema.Int,
  /** Requests on the wire. */
  calls: Schema.Int,
  /** Milliseconds from sending the deciding call to its end. */
  ms: Schema.optional(Schema.Number),
  /** When the outcome was settled, ISO 8601. */
  at: Schema.optional(Schema.String)
}

/** What every outcome tells of how it came to be. */
export interface Told extends Schema.Struct.Type<typeof told> {}

/** There is an answer. */
export interface Found<out A> extends Told {
  readonly outcome: "found"
  readonly answer: A
  /** A rule marks it for a person to look at. */
  readonly review?: true
}

/** There is none, and that is final; or the question was not asked, as its answer is not needed. */
export interface NotFound extends Told {
  readonly outcome: "not_found" | "skipped"
}

/** The question cannot be asked so, or no answer could be had. */
export interface Failed<out E = LookupError> extends Told {
  readonly outcome: "invalid" | "failed"
  readonly error: E
}

/** The outcome of a question with answers of type `A` and errors of type `E`. */
export type Outcome<A, E = LookupError> = Found<A> | NotFound | Failed<E>

/** The selected fields, where the body has any of them. */
const some = Schema.optional(Schema.Unknown)

/** True where a person is to look at the answer. */
const review = Schema.optional(Schema.Literal(true))

const entry = {
  line: Schema.Int,
  /** The code as it stood in the input, where that differs. */
  input: Schema.optional(Schema.String),
  /** The other columns of the row. */
  columns: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  /** True where an earlier entry asked the same question. */
  repeat: Schema.optional(Schema.Literal(true))
}

/** An answer that was asked again in vain stays, with what came of that. */
const stale = { stale: Schema.Literal(true), error: ErrorRecord }

const found = { ...entry, ...told, outcome: Schema.Literal("found"), answer: Schema.Unknown }
const notFound = { ...entry, ...told, outcome: Schema.Literal("not_found"), answer: some }

/** One record of the output: an entry and the outcome of its question. */
export const Record = Schema.Union(
  Schema.Struct({ ...found, ...stale }),
  Schema.Struct({ ...found, review }),
  Schema.Struct({ ...notFound, ...stale }),
  Schema.Struct(notFound),
  Schema.Struct({ ...entry, ...told, outcome: Schema.Literal("skipped") }),
  Schema.Struct({ ...entry, ...told, outcome: Schema.Literal("invalid", "failed"), answer: some, error: ErrorRecord })
).annotations({ identifier: "Record", description: "One record of a run's output, NDJSON" })
export type Record = typeof Record.Type
