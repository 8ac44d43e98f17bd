import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { gunzipSync } from "node:zlib"

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

/** All rows, which scripts/build.ts packs. The first use takes some 0.1 s. */
export const table: Effect.Effect<Table> = Effect.sync(() => unpacked ??= unpack())

let unpacked: Table | undefined

const unpack = (): Table => {
  const packed = createRequire(import.meta.url).resolve("rollcall/zips.json.gz")
  const rows: ReadonlyArray<Zip> = JSON.parse(gunzipSync(readFileSync(packed)).toString())
  return Object.fromEntries(rows.map((row) => [row.zip, row]))
}

/** A five-digit US ZIP, or the first half of a Canadian postal code. */
export const isWellFormed = (code: string): boolean => pattern.test(code)

const pattern = /^(?:[0-9]{5}|[A-Z][0-9][A-Z])$/
