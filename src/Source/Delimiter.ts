/**
 * What parts the cells of a table: told by a first line `sep=;`, or seen in the first rows. A guess is made only where nothing else can
 * be meant.
 */
import { Either } from "effect"
import * as Rows from "./Rows.ts"
import * as Told from "./Told.ts"

/** The signs that a guess is made among. */
const signs = [",", ";", "\t", "|"] as const

/** Rows that are looked at. */
const sampleSize = 100

/** What parts the cells, and how many rows stand before the header. */
export interface Found {
  readonly delimiter: string
  readonly skip: number
  /** Nobody has named it. */
  readonly isGuess: boolean
}

/** A sign for showing. */
export const shown = (delimiter: string): string =>
  delimiter === "\t" ? "tabs" : delimiter === " " ? "spaces" : JSON.stringify(delimiter)

/** Whether the beginning of a text tells enough: its first line with several cells, or as many rows as are looked at. */
export const isEnough = (text: string, usual: string): boolean => {
  if (text.length > 4 * 1024 * 1024) return true
  let lines = 0
  for (let at = text.search(/[\r\n]/); at >= 0 && lines < 2 * sampleSize; at = next(text, at + 1)) lines++
  if (lines === 0) return false
  if (lines >= 2 * sampleSize) return true
  const [header] = separator(text) === undefined ? rows(text.slice(0, 64 * 1024), usual, false) : []
  return header !== undefined && header.cells.length > 1
}

const next = (text: string, from: number): number => {
  const end = text.slice(from).search(/[\r\n]/)
  return end < 0 ? -1 : from + end
}

/** Looks at the beginning of a text, or all of it. `usual` is what the format has. */
export const find = (text: string, usual: string, isWhole: boolean): Found => {
  const named = separator(text)
  if (named !== undefined) return { delimiter: named, skip: 1, isGuess: true }
  const usually = { delimiter: usual, skip: 0, isGuess: false }
  const [header] = rows(text, usual, isWhole)
  // where the usual sign cannot be read at all, it may be another one
  if (header !== undefined && header.cells.length > 1) return usually
  const others = signs.filter((sign) => sign !== usual && parts(rows(text, sign, isWhole).slice(0, sampleSize)))
  return others.length === 1 ? { delimiter: others[0]!, skip: 0, isGuess: true } : usually
}

/** Excel's own word for it, in a line before the header. */
const separator = (text: string): string | undefined => /^\ufeff?"?sep=([^\r\n"])"?[,;\t]*(?:[\r\n]|$)/i.exec(text)?.[1]

/** The rows that are whole. */
const rows = (text: string, delimiter: string, isWhole: boolean): ReadonlyArray<Rows.Row> => {
  const read = Rows.reader("", delimiter, { stray: Told.nowhere(), long: () => {} })
  const first = Either.getOrElse(read(text, false), () => [])
  const rest = isWhole ? Either.getOrElse(read("", true), () => []) : []
  return [...first, ...rest]
}

/** Whether a sign makes two or more columns of these rows: none has more cells than the header, and few have less. */
const parts = (rows: ReadonlyArray<Rows.Row>): boolean => {
  const [header] = rows
  if (header === undefined || header.cells.length < 2) return false
  const width = header.cells.length
  const whole = rows.filter(({ cells }) => cells.length === width).length
  return rows.every(({ cells }) => cells.length > 1 && cells.length <= width) && whole * 2 > rows.length
}

/** The signs that a header of one column holds: it may be that another one was meant. */
export const within = (name: string, delimiter: string): string | undefined =>
  // a sheet has no sign between its cells
  delimiter === "" ? undefined : signs.find((sign) => sign !== delimiter && name.includes(sign))
