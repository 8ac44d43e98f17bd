/**
 * A request as a `curl` command, for a person to try in a shell.
 */
import type { HttpClientRequest } from "@effect/platform"
import { Effect, Option } from "effect"
import type { Question } from "../Entry.ts"
import { mark } from "./Template.ts"

/** Writes a request in which settings are hidden: the shell takes them from its environment. */
export const encode = ({ body, headers, method, url }: HttpClientRequest.HttpClientRequest): string => {
  const data = body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : undefined
  return [
    "curl -sS -i",
    // curl takes brackets for a range
    ...(/[[\]]/.test(url) ? ["-g"] : []),
    ...(method === "HEAD" ? ["-I"] : method === (data === undefined ? "GET" : "POST") ? [] : [`-X ${method}`]),
    ...Object.entries(headers)
      .filter(([name]) => name !== "content-length")
      .map(([name, value]) => `-H ${quote(value === "" ? `${name};` : `${name}: ${value}`)}`),
    ...(data === undefined ? [] : [`--data-raw ${quote(data)}`]),
    quote(url)
  ].join(" ")
}

/** The command for a question, where its lookup has one and it can be made. */
export const shown = <E>(
  { curl }: { readonly curl: (question: Question) => Effect.Effect<Option.Option<string>, E> },
  question: Question
): Effect.Effect<string | undefined> =>
  Effect.orElseSucceed(Effect.map(curl(question), Option.getOrUndefined), () => undefined)

/** Quotes a text for `sh`. A hidden setting becomes a variable in double quotes, all else is taken as it stands. */
export const quote = (text: string): string => {
  const pieces = text.split(setting)
  const rest = pieces.filter((_, index) => index % 2 === 0).join("")
  if (pieces.length > 1 && !/[\\"`$!]/.test(rest)) {
    return `"${pieces.map((piece, index) => index % 2 === 0 ? piece : `\${${piece}}`).join("")}"`
  }
  return pieces
    .map((piece, index) =>
      index % 2 === 1 ? `"\${${piece}}"` : piece === "" ? "" : `'${piece.replaceAll("'", `'\\''`)}'`
    )
    .join("") || "''"
}

const setting = new RegExp(`${mark}(\\w+)${mark}`)
