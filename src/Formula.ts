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
 * and more, and what is text and would become something else, `1E5` or `MAR1`, stand as `="00501"`: the one form that keeps them and shows
 * nothing else.
 */
export const forSpreadsheet = (cell: string, isText = false): string => {
  if (digits.test(cell) || (isText && isTaken(cell))) return `="${cell}"`
  if (!isFormula(cell)) return cell
  const text = cell.replace(/[^\r\n]+/g, (line) => formula.test(line) ? `'${line}` : line)
  return control.test(text) ? `'${text}` : text
}

/** What {@link forSpreadsheet} made with apostrophes, as it was. */
export const fromSpreadsheet = (cell: string): string => {
  if (!cell.includes("'")) return cell
  const text = cell.startsWith("'") && control.test(cell.slice(1)) ? cell.slice(1) : cell
  return text.replace(/[^\r\n]+/g, (line) => line.startsWith("'") && formula.test(line.slice(1)) ? line.slice(1) : line)
}

/** Whether a spreadsheet takes a text for a number, a date, a time or a truth value, and shows or saves something else. */
const isTaken = (text: string): boolean =>
  text.length <= longest && !number.test(text) && (/\d/.test(text)
    ? figures.test(text) || exponent.test(text) || time.test(text) || month.test(text) || moment.test(text)
    : word.test(text))

/** No number or date is longer. */
const longest = 64

/** A number that comes out as it went in. */
const number = /^-?(?:0|[1-9]\d{0,10})(?:\.\d{0,3}[1-9])?$/
/** Dates, times, fractions, shares, money, and numbers with other signs. */
const figures = /^[\d \u00a0.,:/+\-%()$€£¥']+$/
const exponent = /^[ \u00a0]*[+-]?[\d.,]+[ \u00a0]*e[+-]?\d+[ \u00a0]*$/i
const time = /^[ \u00a0]*\d{1,2}(?::\d{1,2}){0,2}(?:[.,]\d+)?[ \u00a0]*[ap]\.?(?:m\.?)?[ \u00a0]*$/i
/** A day or a year beside the name of a month, as the larger languages write it. */
const month =
  /^[ \u00a0]*(?:\d{1,4}[ \u00a0./,-]*)?(?:jan|ene|gen|feb|fév|fev|mar|mär|mrz|apr|avr|abr|may|mai|mag|jun|jui|giu|jul|lug|aug|aoû|ago|sep|set|oct|okt|oto|ott|out|nov|dec|dez|déc|dic)\p{L}{0,7}[ \u00a0./,-]*(?:\d{1,4}(?:[ \u00a0,]+\d{1,4})?)?(?:[ \u00a0]+[\d:]+)?[ \u00a0]*$/iu
const moment = /^[ \u00a0]*\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)?[ \u00a0]*$/i
const word =
  /^[ \u00a0]*(?:true|false|wahr|falsch|vrai|faux|verdadero|falso|vero|verdadeiro|waar|onwaar|#(?:n\/a|name\?|ref!|value!|num!|null!|div\/0!))[ \u00a0]*$/i

/** One line that begins with a letter, a digit or a bracket, as nearly all cells do; or nothing. */
const plain = /^(?:[\w{["<][^\r\n]*)?$/

/** What OWASP calls a beginning of its own. */
const control = /^[\t\r\n]/

const lineEnd = /[\r\n]/

/** What is not seen does not count; a sign may stand alone or before a number, which nobody can make do anything. */
const formula = /^(?! *[+-](?:(?=[.,]?\d)[\d.,]+(?:[eE][+-]?\d+)?(?: ?%)?)? *$)[\s\p{Cc}\p{Cf}\p{DI}]*[=+\-@＝＋－＠]/u

/** Spreadsheets drop zeros in front, and from twelve digits on show and save 1.2E+11. */
const digits = /^ *\+?(?:0\d+|\d{12,}) *$/
