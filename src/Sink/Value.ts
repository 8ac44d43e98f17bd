/**
 * Values as outputs hold them. What a body or a row has as a number stays one, with the digits that it came with.
 */
import { type Exact, exactly, numberOf } from "../Json.ts"
import { fit } from "./Text.ts"

/**
 * Nothing, text, `true` or `false`, a number, a number that JavaScript does not hold or writes in another way (its digits), or a list or an
 * object (its JSON).
 */
export type Value = null | string | boolean | number | { readonly digits: string } | { readonly json: string }

/** What came out of an {@link Exact} value. */
export const make = (value: unknown, write: Exact["write"]): Value => {
  if (value === null || value === undefined) return null
  if (typeof value === "string") {
    const digits = numberOf(value)
    return digits === undefined ? value : { digits }
  }
  if (typeof value === "boolean") return value
  if (typeof value === "number") return Number.isFinite(value) ? value : null
  return { json: write(value) }
}

/** The columns of a row by name. */
export const row = (columns: string): (name: string) => Value => {
  const { value, write } = exactly(columns, JSON.parse(columns))
  const values = value as Record<string, unknown>
  return (name) => Object.hasOwn(values, name) ? make(values[name], write) : null
}

/** The text of a cell: text as it is, all else as JSON; `""` for nothing. */
export const textOf = (value: Value): string =>
  value === null
    ? ""
    : typeof value === "string"
    ? fit(value)
    : typeof value !== "object"
    ? String(value)
    : "digits" in value
    ? value.digits
    : value.json

/** A whole number of 64 bits, a number of 64 bits whose digits are these, or neither. */
export const numberFor = (digits: string): bigint | number | undefined => {
  if (/^-?(?:0|[1-9]\d{0,18})$/.test(digits) && digits !== "-0") {
    const whole = BigInt(digits)
    if (BigInt.asIntN(64, whole) === whole) return whole
  }
  const number = Number(digits)
  const wanted = significant(digits)
  // 17 digits tell any number of 64 bits from any other
  const length = Math.max(1, wanted.indexOf("e"))
  return Number.isFinite(number) && length <= 17 && significant(number.toPrecision(length)) === wanted
    ? number
    : undefined
}

/** The digits that count, and the power of ten of the last one. */
const significant = (number: string): string => {
  const [, whole = "", part = "", power = "0"] = /^-?(\d+)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(number) ?? []
  const all = `${whole}${part}`.replace(/^0+/, "")
  const digits = all.replace(/0+$/, "")
  return digits === "" ? "0e0" : `${digits}e${Number(power) - part.length + all.length - digits.length}`
}
