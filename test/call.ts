/**
 * What is lent to an attempt outside of a sweep.
 */
import { Effect } from "effect"
import type { Call } from "../src/Lookup/Ask.ts"

/** It costs nothing and keeps nothing. */
export const free: Call = { pay: Effect.void, parts: [], keep: () => Effect.void }
