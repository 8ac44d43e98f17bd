/**
 * What helps, as the flag that it is here: the engine knows of no flags.
 */
import type { Advice, Remedy } from "../Outcome.ts"

/** What follows a message. */
const flags: Readonly<Record<Remedy, string>> = {
  http2: ": --http2 speaks it",
  lenient: ": --lenient reads it all the same",
  http: ": write http:// in --url",
  https: ": write https:// in --url",
  host: "",
  ca: ": --ca FILE trusts it",
  cert: ": --cert FILE and --key FILE send one",
  other_cert: ": --cert FILE and --key FILE send another",
  proxy: ": HTTP_PROXY and HTTPS_PROXY name it as http://NAME:PASSWORD@HOST:PORT",
  origin: " (--allow-origin ORIGIN)",
  idempotent: " (--idempotent allows it)",
  concurrency: ", -c asks for fewer",
  column: " (--column NAME)",
  alias: ": --as c=code, and {c} in the request",
  no_header: " (--no-header, or --input-format lines)",
  delimiter: " (--delimiter SIGN)",
  encoding: " (--encoding NAME)",
  format: " (--input-format)",
  json: ": --input-format json reads it",
  ndjson: " (--input-format ndjson)",
  sheet: " (--sheet NAME)",
  pattern: "; where these are codes, --pattern RE tells what they look like",
  allow_empty: "; --allow-empty goes on",
  select: " (--select name=expression)",
  carry: " (--carry COLUMNS, --select name=expression)",
  excel: " (--excel guards them)",
  plain: " (--excel asks for a spreadsheet)",
  output: " with -o",
  ledger: " with --ledger",
  other_ledger: " with --ledger, and another output with -o",
  fresh: " with --fresh",
  forgotten: ": --redo forgotten asks again, --fresh starts anew"
}

/** With what a run goes on that did not reach its server. */
export const instead: Readonly<Partial<Record<Remedy, string>>> = {
  http2: "with --http2",
  lenient: "with --lenient",
  http: "with http:// in --url",
  https: "with https:// in --url",
  host: "with the right host in --url",
  ca: "with --ca FILE",
  cert: "with --cert FILE and --key FILE",
  other_cert: "with another certificate",
  proxy: "with a name and a password for the proxy"
}

/** A message with what helps, before the code at its end. */
export const told = ({ message, remedy }: Advice): string => {
  if (remedy === undefined) return message
  const [, words, code = ""] = /^([^]*?)( \([A-Z\d_]+\))?$/.exec(message)!
  return `${words}${flags[remedy]}${code}`
}
