/**
 * XML 1.0: a `record` for each entry, and a `cell` in it for each of the columns of {@link Cells} that has something. Columns are called as
 * they please, so their names are attributes. What XML has no place for stands as JSON, in quotes and with escapes.
 */
import * as Cells from "./Cells.ts"
import type { Format } from "./Format.ts"

export const format: Format = {
  name: "xml",
  endings: ["xml"],
  encoder: (layout) => {
    if (layout.entries) return { clash: "XML is no list to run again: write CSV or NDJSON" }
    const made = Cells.make(layout, { format: "XML", unfit })
    if ("clash" in made) return made
    const names = made.header.map((name) => `<cell name="${escaped(held(name)).replaceAll("\"", "&quot;")}">`)
    return {
      header: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<records>\n",
      footer: "</records>\n",
      encode: (row) => {
        const cells = made.cells(row)
        if ("clash" in cells) return cells
        let text = `<record line="${row.line}">`
        for (let index = 0; index < cells.length; index++) {
          const cell = held(cells[index]!)
          if (cell !== "") text += `${names[index]!}${escaped(cell)}</cell>`
        }
        return `${text}</record>\n`
      }
    }
  }
}

/** What a cell holds, as text that XML has a place for. */
const held = (cell: Cells.Cell): string => {
  const text = Cells.textOf(cell)
  if (!unfit.test(text)) return text
  // JSON escapes the others by itself, and its own strings alone hold these
  return (typeof cell === "string" && !json.test(text) ? JSON.stringify(text) : text)
    .replace(/[\ufffe\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`)
}

/** Text that stands as JSON already, for what no cell of any output holds. */
const json = /^".*\\u(?:0000|d[89a-f]).*"$/s

/** Line ends and tabs too, which a reader makes line feeds or spaces of. */
const escaped = (text: string): string =>
  special.test(text) ? text.replace(all, (sign) => escapes[sign] ?? `&#${sign.charCodeAt(0)};`) : text

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }
const special = /[&<>\t\r\n\u0085\u2028]/
const all = new RegExp(special, "g")

/** Source: www.w3.org/TR/xml, "Characters". */
const unfit = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u
