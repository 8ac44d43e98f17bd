/**
 * The XML of a workbook, element by element.
 */
import { SaxesParser } from "saxes"

/** Is told what stands in a document. */
export interface Handler {
  readonly open?: (name: string, attributes: (name: string) => string | undefined) => void
  /** Text within the elements of this path, the innermost last. */
  readonly text?: (text: string, path: ReadonlyArray<string>) => void
  readonly close?: (name: string) => void
}

/** Reads a document. Names of elements stand without their prefix, since some programs write one; `:id` is an attribute with any. */
export const read = (part: Uint8Array, handler: Handler): void => {
  const parser = new SaxesParser()
  const path: Array<string> = []
  parser.on("error", (error) => {
    throw error
  })
  parser.on("opentag", ({ attributes, name }) => {
    const local = withoutPrefix(name)
    path.push(local)
    handler.open?.(
      local,
      (name) =>
        attributes[name] ??
          (name.startsWith(":") ? Object.entries(attributes).find(([key]) => key.endsWith(name))?.[1] : undefined)
    )
  })
  parser.on("text", (text) => handler.text?.(text, path))
  parser.on("cdata", (text) => handler.text?.(text, path))
  parser.on("closetag", () => handler.close?.(path.pop()!))
  const decoder = new TextDecoder()
  // a string has a limit, and so has memory
  for (let at = 0; at < part.length; at += pieceSize) {
    parser.write(decoder.decode(part.subarray(at, at + pieceSize), { stream: true }))
  }
  parser.close()
}

const pieceSize = 1024 * 1024

const withoutPrefix = (name: string): string => name.slice(name.indexOf(":") + 1)
