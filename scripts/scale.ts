/**
 * `npm run bench:scale`: what a code costs and how much memory it takes, from short lists to long ones, and how long `status` takes.
 *
 *     npm run bench:scale -- [--to 6]
 *
 * Lists of 10⁴, 10⁵, … to 10^N codes are run by the command, pinned to one core; the API has another. Nothing here passes or fails.
 */
import { execFileSync } from "node:child_process"
import { rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { command, type Contestant, inFlight, list, measure, print, time, withApi } from "./bench/measure.ts"

const { values } = parseArgs({ options: { to: { type: "string", default: "6" } } })
const to = Number(values.to)
if (!(to >= 4 && to <= 8)) {
  console.error("usage: npm run bench:scale -- [--to 4…8]")
  process.exit(2)
}

const rows = [[
  "codes",
  "CPU µs/code",
  "codes/s",
  "peak RSS MB",
  "ledger bytes/code",
  "status ms",
  "resume CPU µs/code"
]]

const size = (codes: number, url: string) => {
  const job = list(codes, url)
  let folder = ""
  const words = ["run", job.file, "--url", job.url, "-c", `${inFlight}`, "-o", "out.ndjson", "--quiet"]
  const run: Contestant = {
    args: () => [command, ...words],
    verify: (job) => {
      folder = job.folder
      const lines = Number(execFileSync("wc", ["-l", join(folder, "out.ndjson")], { encoding: "utf8" }).split(" ")[0])
      if (lines !== codes) throw new Error(`${lines} records for ${codes} codes`)
    }
  }
  const first = measure(run, job)
  const ledger = statSync(join(folder, "out.ndjson.ledger")).size
  const status = time(process.execPath, [command, "status", "out.ndjson"], folder)
  // everything is answered: what is left is to read the list and to compare it
  const again = measure({ args: () => [command, ...words] }, job, folder)
  rows.push([
    codes.toLocaleString("en"),
    (first.cpu / codes).toFixed(1),
    Math.round(codes / first.wall * 1_000).toLocaleString("en"),
    (first.rss / 2 ** 20).toFixed(0),
    (ledger / codes).toFixed(0),
    status.toFixed(0),
    (again.cpu / codes).toFixed(1)
  ])
  rmSync(folder, { recursive: true })
}

await withApi("one run of each size, start-up included", (url) => {
  for (let power = 4; power <= to; power++) size(10 ** power, url)
  print(rows)
})
