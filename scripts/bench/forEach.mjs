// The library as a user's program calls it.
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { Lookup, Policy, Rollcall, Transport } from "rollcall"

const [file, url, inFlight] = process.argv.slice(2)
const codes = readFileSync(file, "utf8").trimEnd().split("\n")

const outcomes = await Rollcall.forEach(Lookup.http({ url }), codes, {
  ...Policy.standard,
  concurrency: Number(inFlight)
}).pipe(
  Effect.provide(Transport.layerWith({ connections: Number(inFlight) })),
  Effect.runPromise
)
const found = outcomes.filter(({ outcome }) => outcome === "found").length
if (found !== codes.length) throw new Error(`${found} of ${codes.length} codes found`)
