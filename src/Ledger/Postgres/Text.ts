/**
 * Text as PostgreSQL can hold it: any but U+0000 and half characters. Those stand as U+0001 and four hexadecimal digits, as does
 * U+0001 itself, so that nothing is lost and nothing becomes equal.
 */

/** Rows as JSON arrays, each short enough for a statement. */
export const documents = (rows: ReadonlyArray<object>): ReadonlyArray<string> => {
  const found: Array<string> = []
  let document = ""
  for (const row of rows) {
    let text = JSON.stringify(row)
    // JSON writes what we look for, and nothing else that is common, as an escape
    if (escaped.test(text)) text = JSON.stringify(row, (_, value) => typeof value === "string" ? encode(value) : value)
    if (document !== "" && document.length + text.length > longest) {
      found.push(`[${document}]`)
      document = ""
    }
    document = document === "" ? text : `${document},${text}`
  }
  return document === "" ? found : [...found, `[${document}]`]
}

/** Characters; a batch is seldom as long. */
const longest = 8 * 1024 * 1024

const escaped = /\\u(?:000[01]|d[89a-f])/

export const encode = (text: string): string =>
  text.replace(special, (char) => `\u0001${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

export const decode = (text: string): string =>
  text.includes("\u0001") ? text.replace(code, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))) : text

// oxlint-disable-next-line no-control-regex
const special = /[\u0000\u0001\p{Surrogate}]/gu
// oxlint-disable-next-line no-control-regex
const code = /\u0001([0-9a-f]{4})/g
