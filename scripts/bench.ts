/**
 * `npm run bench`: what a code costs, beside a bare undici loop, and how long the command takes to start and end,
 * beside `node -e 0`.
 *
 *     npm run bench -- [--codes 50000] [--rounds 3] [--only undici --only rollcall]
 *
 * Each contestant is a process of its own, pinned to one core; the API has another. In every round each runs twice, for
 * one code and for all of them, and the difference counts: what it takes to start is not part of the price of a code.
 * Rounds are interleaved, in rotated order, and the median counts. Nothing here passes or fails.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import {
  command,
  type Contestant,
  freshFolder,
  inFlight,
  type Job,
  list,
  measure,
  median,
  print,
  root,
  time,
  type Usage,
  withApi
} from "./bench/measure.ts"

/** Who is measured; ratios are to the first. */
const contestants: Record<string, Contestant> = {
  undici: {
    args: ({ file, url }) => [join(root, "scripts/bench/undici.mjs"), file, url]
  },
  rollcall: {
    args: ({ file, url }) => [command, "run", file, "--url", url, "-c", `${inFlight}`, "-o", "out.ndjson", "--quiet"],
    verify: ({ codes, folder }) => {
      const records = readFileSync(join(folder, "out.ndjson"), "utf8").split("\n").length - 1
      if (records !== codes) throw new Error(`${records} records for ${codes} codes`)
    }
  }
}

/** What Node starts and ends; ratios are to the first. */
const starts: Record<string, (job: Job) => ReadonlyArray<string>> = {
  "node -e 0": () => ["-e", "0"],
  "rollcall --version": () => [command, "--version"],
  "rollcall --help": () => [command, "--help"],
  "rollcall run, one code": (job) => contestants.rollcall!.args(job)
}

const { values: flags } = parseArgs({
  options: {
    codes: { type: "string", default: "50000" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", multiple: true }
  }
})
const count = Number(flags.codes)
const rounds = Number(flags.rounds)
const chosen = Object.entries(contestants).filter(([name]) => flags.only?.includes(name) ?? true)
if (!(count >= 2 && rounds >= 1 && chosen.length >= 1)) {
  console.error(`usage: npm run bench -- [--codes N] [--rounds N] [--only ${Object.keys(contestants).join("|")}]…`)
  process.exit(2)
}

/** What a code costs. */
const compareSweeps = (url: string) => {
  const one = list(1, url)
  const all = list(count, url)
  const samples = new Map(chosen.map(([name]) => [name, new Array<Usage>()]))
  for (let round = 0; round < rounds; round++) {
    for (const at of chosen.keys()) {
      const [name, contestant] = chosen[(at + round) % chosen.length]!
      const start = measure(contestant, one)
      const whole = measure(contestant, all)
      samples.get(name)!.push({ wall: whole.wall - start.wall, cpu: whole.cpu - start.cpu, rss: whole.rss })
    }
  }
  const figures = chosen.map(([name]) => {
    const of = (key: keyof Usage) => median(samples.get(name)!.map((usage) => usage[key]))
    return { name, rate: (count - 1) / of("wall") * 1_000, cpu: of("cpu") / (count - 1), rss: of("rss") }
  })
  print([
    ["contestant", "codes/s", "CPU µs/code", `× ${figures[0]!.name}`, "peak RSS MB"],
    ...figures.map(({ cpu, name, rate, rss }) => [
      name,
      Math.round(rate).toLocaleString("en"),
      cpu.toFixed(1),
      (cpu / figures[0]!.cpu).toFixed(2),
      (rss / 2 ** 20).toFixed(0)
    ])
  ])
}

/** How long the command takes to start and end. */
const compareStarts = (url: string) => {
  const one = list(1, url)
  const samples = new Map(Object.keys(starts).map((name) => [name, new Array<number>()]))
  for (let round = 0; round < 9; round++) {
    for (const [name, args] of Object.entries(starts)) {
      const job = { ...one, folder: freshFolder() }
      samples.get(name)!.push(time(process.execPath, args(job), job.folder))
    }
  }
  const figures = [...samples].map(([name, times]) => [name, median(times)] as const)
  print([
    ["start-up, median of 9", "ms", `× ${figures[0]![0]}`],
    ...figures.map(([name, ms]) => [name, ms.toFixed(0), (ms / figures[0]![1]).toFixed(2)])
  ])
}

await withApi(`${count.toLocaleString("en")} codes, ${inFlight} in flight, median of ${rounds} rounds`, (url) => {
  compareSweeps(url)
  compareStarts(url)
})
