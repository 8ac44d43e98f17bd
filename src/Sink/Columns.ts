/**
 * How the columns of a list are called beside those that an output has itself: one rule for all outputs. What a column of ours or a
 * selected field says is not said by a column of the list: where both would have the name of a result, that is refused; from any other name
 * of ours the list's column steps back, `code` becomes `list_code`.
 */
import type { Clash } from "./Format.ts"

/** What only an outcome says. */
const results: ReadonlySet<string> = new Set(["outcome", "http_status", "error", "error_type"])

/** The names of a list's columns in an output that has `ours` (`selected` among them), in their order. */
export const beside = (
  columns: ReadonlyArray<string>,
  ours: ReadonlyArray<string>,
  selected: ReadonlyArray<string>,
  /** Names that are equal where these are. */
  fold: (name: string) => string = (name) => name
): ReadonlyArray<string> | Clash => {
  const taken = new Set(ours.map(fold))
  const refused = new Set([...results, ...selected].map(fold))
  const all = new Set([...taken, ...columns.map(fold)])
  const names: Array<string> = []
  for (const name of columns) {
    if (!taken.has(fold(name))) {
      names.push(name)
      continue
    }
    if (refused.has(fold(name))) return twice(name)
    let other = `list_${name}`
    for (let number = 2; all.has(fold(other)); number++) other = `list_${name}_${number}`
    all.add(fold(other))
    names.push(other)
  }
  return names
}

/** Why selected fields cannot have the names that they have: one is that of a column of ours, or of another field. */
export const ofSelected = (
  selected: ReadonlyArray<string>,
  ours: ReadonlyArray<string>,
  fold: (name: string) => string = (name) => name
): Clash | undefined => {
  const taken = new Set(ours.map(fold))
  for (const name of selected) {
    if (taken.has(fold(name))) {
      return {
        clash: `${JSON.stringify(name)} is a column that each output has: give the selected field another name`,
        remedy: "select"
      }
    }
  }
  const twice = selected.find((name, index) => selected.findIndex((one) => fold(one) === fold(name)) < index)
  return twice === undefined
    ? undefined
    : { clash: `two selected fields are called ${JSON.stringify(twice)}: give one another name`, remedy: "select" }
}

/** Why two columns cannot have one name. */
export const twice = (name: string): Clash => ({
  clash: `two columns would be called ${JSON.stringify(name)}: leave one of the list's out, `
    + "or give a selected field another name",
  remedy: "carry"
})
