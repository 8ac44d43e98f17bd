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
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { availableParallelism, cpus, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"

const root = resolve(import.meta.dirname, "..")
const command = join(root, "dist/bin.js")
const inFlight = 64

interface Job {
  /** A file with one code a line. */
  readonly file: string
  readonly codes: number
  /** Where to ask, with {code} for the code. */
  readonly url: string
  /** A fresh folder, which is also the working folder. */
  readonly folder: string
}

interface Contestant {
  /** What Node runs. */
  readonly args: (job: Job) => ReadonlyArray<string>
  /** Throws unless the work is done. */
  readonly verify?: (job: Job) => void
}

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

const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-"))
const isPinned = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0
const pinned = (core: number, program: string, args: ReadonlyArray<string>): [string, ReadonlyArray<string>] =>
  isPinned ? ["taskset", ["-c", `${core}`, program, ...args]] : [program, args]

const body = JSON.stringify({
  links: { self: "/zip" },
  meta: { count: 1 },
  data: {
    zipCode: "34102",
    city: "Naples",
    state: "FL",
    country: "US",
    latitude: 26.14,
    longitude: -81.79,
    places: ["Naples"]
  }
})

const freePort = async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

/** Starts the API on the first core. */
const serve = async () => {
  const hasNginx = spawnSync("nginx", ["-v"]).status === 0
  const port = await freePort()
  const config = join(folder, "nginx.conf")
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr crit;
     events { worker_connections 1024; }
     http {
       access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
       client_body_temp_path ${folder}/nginx; proxy_temp_path ${folder}/nginx; fastcgi_temp_path ${folder}/nginx;
       uwsgi_temp_path ${folder}/nginx; scgi_temp_path ${folder}/nginx;
       server { listen 127.0.0.1:${port}; default_type application/json; location / { return 200 '${body}'; } }
     }`
  )
  const server = hasNginx
    ? spawn(...pinned(0, "nginx", ["-p", folder, "-c", config]), { stdio: ["ignore", "ignore", "inherit"] })
    : spawn(...pinned(0, process.execPath, [join(root, "scripts/bench/server.mjs"), `${port}`, body]), {
      stdio: "inherit"
    })
  const url = `http://127.0.0.1:${port}/zip/{code}`
  for (let tries = 0; !await fetch(url).then((reply) => reply.ok, () => false); tries++) {
    if (tries === 100 || server.exitCode !== null) throw new Error("the API does not start")
    await new Promise((done) => setTimeout(done, 50))
  }
  return { url, name: hasNginx ? "nginx" : "node:http (nginx is not installed)", stop: () => server.kill("SIGTERM") }
}

const freshFolder = () => mkdtempSync(join(folder, "run-"))

/** Runs a program to its end; how long it took, in milliseconds. */
const time = (program: string, args: ReadonlyArray<string>, cwd: string, env: Record<string, string> = {}) => {
  const start = performance.now()
  const { status, stderr } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, XDG_STATE_HOME: cwd, ...env },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8"
  })
  const wall = performance.now() - start
  if (status !== 0) throw new Error(`exit ${status}: ${args.join(" ")}\n${stderr}`)
  return wall
}

interface Usage {
  /** Milliseconds from start to end. */
  readonly wall: number
  /** User and system time of all threads, in microseconds. */
  readonly cpu: number
  /** The peak of the resident set, in bytes. */
  readonly rss: number
}

const measure = ({ args, verify }: Contestant, list: Omit<Job, "folder">): Usage => {
  const job = { ...list, folder: freshFolder() }
  const usage = join(job.folder, "usage.json")
  const hook = ["--import", join(root, "scripts/bench/usage.mjs")]
  const wall = time(...pinned(1, process.execPath, [...hook, ...args(job)]), job.folder, { BENCH_USAGE: usage })
  verify?.(job)
  return { wall, ...JSON.parse(readFileSync(usage, "utf8")) }
}

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Prints rows of cells, the first column to the left and the others to the right. */
const print = (rows: ReadonlyArray<ReadonlyArray<string>>) => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join("  ")
  )
  console.log(`${lines.join("\n")}\n`)
}

const list = (codes: number, url: string) => {
  const file = join(folder, `${codes}.txt`)
  writeFileSync(file, Array.from({ length: codes }, (_, at) => `${String(at).padStart(6, "0")}\n`).join(""))
  return { file, codes, url }
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

try {
  const api = await serve()
  try {
    console.log(`Node ${process.version}, ${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} cores`)
    console.log(
      `API: ${api.name}, ${body.length} bytes; ${isPinned ? "API and contestants on a core each" : "not pinned"}`
    )
    console.log(`${count.toLocaleString("en")} codes, ${inFlight} in flight, median of ${rounds} rounds\n`)
    compareSweeps(api.url)
    compareStarts(api.url)
  } finally {
    api.stop()
  }
} finally {
  rmSync(folder, { recursive: true })
}
