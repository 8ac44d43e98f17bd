/**
 * What helps, as the flag that it is here: the engine knows of no flags.
 */
import type { Remedy } from "../Outcome.ts"

const flags: Readonly<Record<Remedy, string>> = {
  http2: "--http2 speaks it",
  lenient: "--lenient reads it all the same",
  http: "write http:// in --url",
  https: "write https:// in --url",
  ca: "--ca FILE trusts it",
  cert: "--cert FILE and --key FILE send one"
}

/** A message with what helps, before the code at its end. */
export const told = (message: string, remedy: Remedy | undefined): string => {
  if (remedy === undefined) return message
  const [, words, code = ""] = /^([^]*?)( \([A-Z\d_]+\))?$/.exec(message)!
  return `${words}: ${flags[remedy]}${code}`
}
