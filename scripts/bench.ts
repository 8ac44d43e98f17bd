/**
 * `npm run bench`: what a code costs Rollcall and its peers, how near both come to the ideal where the API is slow, and how
 * long the command takes to start and end, beside `node -e 0`.
 *
 *     npm run bench -- [--codes 100000] [--rounds 3] [--only undici --only rollcall]
 *
 * Each contestant is a process of its own, pinned to one core; the API has another. In every round each runs twice, for
 * the start of the list and for all of it, and the difference counts: what it takes to start is not part of the price of a
 * code. Rounds are interleaved, in rotated order, and the median counts. Nothing here passes or fails by time; an answer
 * that is missing fails. Memory at longer lists is the matter of `npm run bench:scale`.
 */
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { contestants, isInstalled, type Rival } from "./bench/contestants.ts"
import {
  command,
  freshFolder,
  inFlight,
  list,
  measure,
  median,
  print,
  time,
  type Usage,
  withApi
} from "./bench/measure.ts"

const { values: flags } = parseArgs({
  options: {
    codes: { type: "string", default: "100000" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", multiple: true }
  }
})
const count = Number(flags.codes)
const rounds = Number(flags.rounds)
const names = Object.keys(contestants)
if (!(count >= 100 && rounds >= 1 && (flags.only ?? []).every((name) => names.includes(name)))) {
  console.error(`usage: npm run bench -- [--codes N] [--rounds N] [--only ${names.join("|")}]…`)
  process.exit(2)
}
const chosen = (rivals: Record<string, Rival>) =>
  Object.entries(rivals).flatMap(([name, rival]) => flags.only?.includes(name) ?? true ? [rival] : [])

interface Race {
  readonly rivals: ReadonlyArray<Rival>
  readonly url: string
  readonly codes: number
  readonly inFlight: number
}

/** What a code costs each, from one run. */
const race = ({ codes, inFlight, rivals, url }: Race) => {
  const entries = rivals.map((rival) => {
    const all = Math.max(2, Math.round(codes * (rival.share ?? 1)))
    const samples = new Array<Usage>()
    const run = () => {
      const [first, whole] = [1, all].map((codes) => {
        const folder = freshFolder()
        const usage = measure(rival, list(codes, url, inFlight), folder)
        rmSync(folder, { recursive: true })
        return usage
      }) as [Usage, Usage]
      samples.push({ wall: whole.wall - first.wall, cpu: whole.cpu - first.cpu, rss: whole.rss })
    }
    return { all, rival, run, samples }
  })
  for (let round = 0; round < rounds; round++) {
    for (const at of entries.keys()) entries[(at + round) % entries.length]!.run()
  }
  return entries.map(({ all, rival, samples }) => {
    const of = (key: keyof Usage) => median(samples.map((usage) => usage[key]))
    const counted = all - 1
    return {
      title: rival.title,
      codes: all,
      rate: counted / of("wall") * 1e3,
      cpu: of("cpu") / counted,
      rss: of("rss")
    }
  })
}

const whole = (value: number) => Math.round(value).toLocaleString("en")

/** What a code costs where the API answers at once. */
const compareCosts = (url: string) => {
  const rivals = chosen(contestants)
  for (const { probe, title } of rivals.filter((rival) => !isInstalled(rival))) {
    console.log(`left out, as \`${probe!.join(" ")}\` fails: ${title}\n`)
  }
  const figures = race({ rivals: rivals.filter(isInstalled), url, codes: count, inFlight })
  const [first] = figures
  print([
    ["", "codes", "CPU µs/code", "× CPU", "codes/s", "× codes/s", "peak memory"],
    ...figures.map(({ codes, cpu, rate, rss, title }) => [
      title,
      whole(codes),
      cpu.toFixed(1),
      (cpu / first!.cpu).toFixed(2),
      whole(rate),
      (rate / first!.rate).toFixed(2),
      `${whole(rss / 2 ** 20)} MB`
    ])
  ])
}

/** Where the API takes its time: so many milliseconds, with so many calls in flight. */
const slow = { inFlight: 500, delay: 50 }

/** How near one comes to the ideal there, by what the API sees from the first call to the last. */
const compareWaits = (rivals: ReadonlyArray<Rival>) => (url: string) => {
  const ideal = slow.inFlight / slow.delay * 1e3
  const codes = Math.max(count, 4 * slow.inFlight)
  const samples = rivals.map(() => ({ asking: new Array<number>(), all: new Array<number>() }))
  const times = ["-e", `fetch("${new URL("/times", url)}").then((reply) => reply.text()).then(console.log)`]
  const seen = (): { readonly calls: number; readonly millis: number } => {
    const folder = freshFolder()
    time(process.execPath, times, folder)
    return JSON.parse(readFileSync(join(folder, "stdout"), "utf8"))
  }
  for (let round = 0; round < rounds; round++) {
    for (const [at, rival] of rivals.entries()) {
      seen()
      const folder = freshFolder()
      const { wall } = measure(rival, list(codes, url, slow.inFlight), folder)
      rmSync(folder, { recursive: true })
      const { calls, millis } = seen()
      // the first flight leaves at once
      samples[at]!.asking.push((calls - slow.inFlight) / millis * 1e3)
      samples[at]!.all.push(codes / wall * 1e3)
    }
  }
  print([
    ["", "codes/s while asking", `% of the ideal ${whole(ideal)}/s`, "codes/s from start to end"],
    ...rivals.map(({ title }, at) => {
      const rate = median(samples[at]!.asking)
      return [title, whole(rate), (rate / ideal * 100).toFixed(1), whole(median(samples[at]!.all))]
    })
  ])
}

/** How long the command takes to start and end. */
const compareStarts = (url: string) => {
  const one = list(1, url)
  const starts: Record<string, (folder: string) => ReadonlyArray<string>> = {
    "`node -e 0`": () => ["-e", "0"],
    "`rollcall --version`": () => [command, "--version"],
    "`rollcall --help`": () => [command, "--help"],
    "`rollcall run`, one code": (folder) => contestants.rollcall.args({ ...one, folder })
  }
  const samples = new Map(Object.keys(starts).map((name) => [name, new Array<number>()]))
  for (let round = 0; round < 9; round++) {
    for (const [name, args] of Object.entries(starts)) {
      const folder = freshFolder()
      samples.get(name)!.push(time(process.execPath, args(folder), folder))
    }
  }
  const figures = [...samples].map(([name, times]) => [name, median(times)] as const)
  const [first] = figures
  print([
    ["start-up, median of 9", "ms", `× ${first![0]}`],
    ...figures.map(([name, ms]) => [name, ms.toFixed(0), (ms / first![1]).toFixed(2)])
  ])
}

const medians = `medians of ${rounds} rounds`
await withApi(`${inFlight} in flight, ${medians}; ratios are to the first row`, (url) => {
  compareCosts(url)
  compareStarts(url)
})
const { rollcall, undici } = contestants
const patient = chosen({ undici, rollcall })
if (patient.length > 0) await withApi(`${slow.inFlight} in flight, ${medians}`, compareWaits(patient), slow.delay)
console.log("memory of longer lists: npm run bench:scale")
