/**
 * Lines: the input of each entry on a line of its own, whatever its outcome.
 */
import type { Format } from "./Format.ts"

export const format: Format = {
  name: "lines",
  endings: ["txt"],
  encoder: ({ list, lookup: { inputs } }) =>
    inputs.length > 0
      ? {
        clash: `lines hold codes alone, and the request uses ${
          inputs.join(", ")
        } of ${list.source} too: write CSV or NDJSON`
      }
      : {
        header: "",
        encode: ({ input, key, line }) =>
          // there is nothing to ask for a blank entry, and a blank line is passed over when it is read
          key === null && input.trim() === "" ? "\n" : unfit.test(input) ? { clash: clash(line) } : `${input}\n`
      }
}

/** A blank line, one of several lines, and what UTF-8 text does not hold. */
const unfit = /^\s*$|[\r\n\0]|\p{Surrogate}/u

const clash = (line: number) =>
  `the code of line ${line} cannot stand on a line of its own (it is blank, or holds a line break or half a character): `
  + "write CSV or NDJSON"
