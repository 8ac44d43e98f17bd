/**
 * What somebody may have meant by a word that does not exist.
 */

/** The one name that begins as typed, or the nearest one that is only a few letters away. */
export const nearest = (typed: string, names: ReadonlyArray<string>): string | undefined => {
  const text = typed.toLowerCase()
  const begun = names.filter((name) => text !== "" && name.startsWith(text))
  if (begun.length === 1) return begun[0]
  const [best] = names
    .map((name) => ({ name, steps: distance(text, name) }))
    .sort((a, b) => a.steps - b.steps)
  return best !== undefined && best.steps <= Math.floor((text.length + 1) / 3) ? best.name : undefined
}

/** The end of a message about a word that does not exist; nothing where no name is near. */
export const meant = (near: string | undefined): string => near === undefined ? "" : `: did you mean ${near}?`

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
const distance = (a: string, b: string): number => {
  const table = [Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(Math.min(
        table[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        table[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
        isSwapped ? table[i - 2]![j - 2]! + 1 : Infinity
      ))
    }
    table.push(row)
  }
  return table[a.length]![b.length]!
}
