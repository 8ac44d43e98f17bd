/**
 * A JSON array of codes or of objects. It is cut into its elements as it comes, and each is read as a line of NDJSON is.
 */
import { Either } from "effect"
import type { Remedy } from "../Outcome.ts"
import type { Format } from "./Format.ts"
import * as Lines from "./Lines.ts"
import * as Ndjson from "./Ndjson.ts"
import { SourceError } from "./SourceError.ts"

export const format: Format = {
  endings: ["json"],
  reader: ({ column, name, told }) => {
    told.unit = "element"
    const elements = reader(name)
    const entries = Ndjson.entries({ column, name, told })
    return (piece, isLast) => Either.flatMap(elements(piece, isLast), (texts) => entries(texts, isLast))
  }
}

/** The elements of an array as they are written, each with its number from 1. */
export const reader = (
  source: string
): (piece: string, isLast: boolean) => Either.Either<ReadonlyArray<Lines.Line>, SourceError> => {
  /** What has come since the last element, and the line on which that begins. */
  let open = ""
  let line = 1
  /** Brackets that are open: none outside the array, one between its elements. */
  let depth = 0
  let isInString = false
  let isEscaped = false
  let isEmpty = true
  let isOver = false
  /** The elements before the one that is open. */
  let count = 0

  const failed = (line: number, detail: string, remedy?: Remedy) =>
    Either.left(new SourceError({ reason: "Syntax", source, line, detail, remedy }))
  const wrong = (detail: string, reason: "Syntax" | "TooLong" = "Syntax") =>
    Either.left(new SourceError({ reason, source, line: count + 1, unit: "element", detail }))
  const space = () => /^[ \t\r\n]*/.exec(open)![0]
  /** The line on which what is open begins, and the one on which it ends. */
  const first = () => line + Lines.ends(space())
  const last = () => line + Lines.ends(open)

  return (piece, isLast) => {
    const found: Array<Lines.Line> = []
    let start = 0
    const take = (end: number) => {
      open += piece.slice(start, end)
      start = end
    }
    const pass = () => {
      line = last()
      open = ""
      start++
    }
    for (let at = 0; at < piece.length; at++) {
      const char = piece[at]!
      if (isInString) {
        if (isEscaped) isEscaped = false
        else if (char === "\\") isEscaped = true
        else if (char === "\"") isInString = false
        else if (char === "\n" || char === "\r") {
          take(at)
          return failed(last(), openString)
        }
      } else if (depth === 0) {
        if (char === " " || char === "\t" || char === "\n" || char === "\r") continue
        take(at)
        if (isOver) return failed(last(), goesOn)
        if (char !== "[") return char === "{" ? failed(last(), isObject, "ndjson") : failed(last(), noArray, "format")
        pass()
        depth = 1
      } else if (char === "\"") isInString = true
      else if (char === "[" || char === "{") depth++
      else if (depth === 1 && (char === "," || char === "]")) {
        take(at)
        const text = open.slice(space().length)
        if (text.length > Lines.longLimit) return wrong(tooLong, "TooLong")
        if (text.startsWith("[")) return wrong("this is an array within the array, which is not a code")
        if (text !== "") found.push({ line: ++count, text })
        else if (char === "," || !isEmpty) return failed(last(), `an element is missing before this ${char}`)
        isEmpty = false
        isOver = char === "]"
        if (isOver) depth = 0
        pass()
      } else if (depth > 1 && (char === "]" || char === "}")) depth--
    }
    take(piece.length)
    if (open.length > Lines.longLimit) return wrong(tooLong, "TooLong")
    if (!isLast || depth === 0) return Either.right(found)
    return failed(first(), `the list is cut off ${open.trim() === "" ? "here" : "in this element"}: is the file whole?`)
  }
}

const expected = "a list in JSON is an array of codes or of objects, [\"00501\"] or [{\"zip\":\"00501\"}]"
const isObject = `${expected}, and this is an object: take the array out of it, with jq .data for one, `
  + "or name the format where each line is an object"
const noArray = `${expected}, and this is neither: is its format right?`
const goesOn = "something follows the end of the array: a list is one array; several become one with jq -s add"
const openString = "a string has no end on this line: is a quote missing?"
const tooLong = `this element is longer than ${Lines.shown(Lines.longLimit)}: is a quote or a bracket left open?`
