/**
 * Text within the width of a terminal.
 */

/** Columns of the screens, where the terminal does not say less. */
export const widest = 80

/** The width of the terminal, as far as the screens use it. */
export const widthOf = ({ columns }: { readonly columns?: number }): number => Math.min(columns || widest, widest)

/** Text in lines of at most so many columns, broken between words; what fits stays as it is. */
export const wrap = (text: string, width: number): ReadonlyArray<string> =>
  text.split("\n").flatMap((line) => line.length <= width ? [line] : broken(line, width, ""))

/** What is said on a terminal, with what goes on in another line set in. Elsewhere, and what is there to be copied, it stays as it is. */
export const fit = (
  text: string,
  { columns, isTTY }: { readonly columns?: number; readonly isTTY?: boolean }
): string =>
  // a terminal that does not know its size says 0
  isTTY !== true || columns === undefined || columns === 0
    ? text
    : text.split("\n").flatMap((line) => {
      if (line.length <= columns || /^\s*curl /.test(line)) return [line]
      const lead = /^ */.exec(line)![0].length + 2
      return broken(line, columns, " ".repeat(Math.min(lead, columns >> 2)))
    }).join("\n")

/** Text in one line of at most so many columns: what does not fit is left out of its middle, as the end of a path tells most. */
export const middle = (text: string, width: number): string => {
  if (text.length <= width || width < 8) return text
  const end = Math.ceil((width - 1) * 0.6)
  return `${text.slice(0, width - 1 - end)}…${text.slice(-end)}`
}

const broken = (line: string, width: number, indent: string): ReadonlyArray<string> =>
  (line.match(/ *[^ ]+/g) ?? []).reduce((lines: Array<string>, word) => {
    const last = lines.at(-1)
    if (last === undefined) lines.push(word)
    else if (last.length + word.length > width) lines.push(`${indent}${word.trimStart()}`)
    else lines[lines.length - 1] = `${last}${word}`
    return lines
  }, [])
