/**
 * Idempotency: a key by which a server knows a request again that it has carried out already.
 */
import { Context, Effect, Random } from "effect"
import * as Hash from "../Hash.ts"

/** Tells runs apart. A run that goes on after a crash has the id that it began with. */
export class RunId extends Context.Reference<RunId>()("rollcall/RunId", { defaultValue: () => "" }) {}

/** An id that no other run has. */
export const makeRunId: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 48), 3),
  (numbers) => numbers.map((number) => number.toString(16).padStart(12, "0")).join("")
)

/** The `Idempotency-Key` of a question in a run: a SHA-256 of both, written like a UUID. */
export const key = (runId: string, question: string): Effect.Effect<string> =>
  Effect.map(
    Hash.hex(`${runId}\n${question}`),
    (hash) => hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
  )
