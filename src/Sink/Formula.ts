/**
 * Cells that a spreadsheet would take for formulas. Whoever wrote them could make it compute, fetch or run something where the file is
 * opened. The rules are those of OWASP, "CSV Injection", and their known ways around: white space, full-width forms, a later line.
 */

/** Whether a cell begins, or goes on after a line break, as formulas do. A number with a sign is none. */
export const isFormula = (cell: string): boolean =>
  !plain.test(cell) && (control.test(cell) || cell.split(lineEnd).some((line) => formula.test(line)))

/**
 * A cell for a spreadsheet. A formula becomes text by an apostrophe before each of its lines that is one: where cells are parted by
 * semicolons, Excel does not see that the lines of a cell belong together. Digits that would not survive as a number, `00501` or twelve
 * and more, stand as `="00501"`: the one form that keeps them and shows nothing else.
 */
export const forSpreadsheet = (cell: string): string => {
  if (digits.test(cell)) return `="${cell}"`
  if (!isFormula(cell)) return cell
  const text = cell.replace(/[^\r\n]+/g, (line) => formula.test(line) ? `'${line}` : line)
  return control.test(text) ? `'${text}` : text
}

/** One line that begins with a letter, a digit or a bracket, as nearly all cells do; or nothing. */
const plain = /^(?:[\w{["<][^\r\n]*)?$/

/** What OWASP calls a beginning of its own. */
const control = /^[\t\r\n]/

const lineEnd = /[\r\n]/

/** What is not seen does not count; a sign may stand alone or before a number, which nobody can make do anything. */
const formula = /^(?! *[+-](?:(?=[.,]?\d)[\d.,]+(?:[eE][+-]?\d+)?(?: ?%)?)? *$)[\s\p{Cc}\p{Cf}\p{DI}]*[=+\-@＝＋－＠]/u

/** Spreadsheets drop zeros in front, and from twelve digits on show and save 1.2E+11. */
const digits = /^ *\+?(?:0\d+|\d{12,}) *$/
