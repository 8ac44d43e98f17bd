import * as Effect from "effect/Effect"
import { createRequire } from "node:module"

/** One row of the npm package `zipcodes`; nine Canadian areas lack their latitude or both coordinates. */
export interface Zip {
  readonly zip: string
  readonly city: string
  readonly state: string
  readonly country: string
  readonly latitude: number | null
  readonly longitude: number | null
}

/** Rows by code. */
export type Table = Readonly<Record<string, Zip | undefined>>

const require = createRequire(import.meta.url)

/** All rows. The first use reads 5 MB of source, some 0.2 s, which is why it is not an import. */
export const table: Effect.Effect<Table> = Effect.sync(() => require("zipcodes").codes)

/** A five-digit US ZIP, or the first half of a Canadian postal code. */
export const isWellFormed = (code: string): boolean => pattern.test(code)

const pattern = /^(?:[0-9]{5}|[A-Z][0-9][A-Z])$/
