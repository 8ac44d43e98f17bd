/**
 * The type that all values of a column share, for outputs whose columns have one.
 */
import * as Value from "./Value.ts"

/** What a value is to a column: `long` is a whole number that only 64 bits hold. */
export type Shared = "boolean" | "integer" | "long" | "real" | "text"

/** What a value is to its column. */
export const of = (value: Exclude<Value.Value, null>): Shared => {
  if (typeof value === "boolean") return "boolean"
  const number = numberIn(value)
  if (number === undefined) return "text"
  if (typeof number === "bigint") return Number.isSafeInteger(Number(number)) ? "integer" : "long"
  return Number.isSafeInteger(number) && !Object.is(number, -0) ? "integer" : "real"
}

/** The number that a value is, if 64 bits hold its digits. */
export const numberIn = (value: Value.Value): number | bigint | undefined =>
  typeof value === "number"
    ? value
    : typeof value === "object" && value !== null && "digits" in value
    ? Value.numberFor(value.digits)
    : undefined

/** The type of a column: whole numbers and others are `real` together, where a number of 64 bits holds all of them. */
export const typeOf = (seen: ReadonlySet<Shared>): "boolean" | "place" | "real" | "text" => {
  const only = (...kinds: ReadonlyArray<Shared>) => seen.size > 0 && [...seen].every((kind) => kinds.includes(kind))
  return only("boolean") ? "boolean" : only("integer", "long") ? "place" : only("integer", "real") ? "real" : "text"
}
