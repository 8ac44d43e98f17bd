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
  cert: "--cert FILE and --key FILE send one",
  other_cert: "--cert FILE and --key FILE send another",
  proxy: "HTTP_PROXY and HTTPS_PROXY name it as http://NAME:PASSWORD@HOST:PORT"
}

/** With what a run goes on. */
export const instead: Readonly<Record<Remedy, string>> = {
  http2: "with --http2",
  lenient: "with --lenient",
  http: "with http:// in --url",
  https: "with https:// in --url",
  ca: "with --ca FILE",
  cert: "with --cert FILE and --key FILE",
  other_cert: "with another certificate",
  proxy: "with a name and a password for the proxy"
}

/** A message with what helps, before the code at its end. */
export const told = (message: string, remedy: Remedy | undefined): string => {
  if (remedy === undefined) return message
  const [, words, code = ""] = /^([^]*?)( \([A-Z\d_]+\))?$/.exec(message)!
  return `${words}: ${flags[remedy]}${code}`
}
