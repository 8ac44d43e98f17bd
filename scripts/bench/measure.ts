/**
 * What the benchmarks have in common: an API in a process of its own, and programs that are run to their end and measured.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs"
import { createServer } from "node:net"
import { availableParallelism, cpus, tmpdir } from "node:os"
import { join, resolve } from "node:path"

export const root = resolve(import.meta.dirname, "../..")
export const command = join(root, "dist/bin.js")
export const inFlight = 64

export interface Job {
  /** A file with one code a line. */
  readonly file: string
  readonly codes: number
  /** Where to ask, with {code} for the code. */
  readonly url: string
  /** A fresh folder, which is also the working folder. */
  readonly folder: string
}

export interface Contestant {
  /** What Node runs. */
  readonly args: (job: Job) => ReadonlyArray<string>
  /** Throws unless the work is done. */
  readonly verify?: (job: Job) => void
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

export const freshFolder = () => mkdtempSync(join(folder, "run-"))

/** Runs a program to its end; how long it took, in milliseconds. */
export const time = (program: string, args: ReadonlyArray<string>, cwd: string, env: Record<string, string> = {}) => {
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

export interface Usage {
  /** Milliseconds from start to end. */
  readonly wall: number
  /** User and system time of all threads, in microseconds. */
  readonly cpu: number
  /** The peak of the resident set, in bytes. */
  readonly rss: number
}

export const measure = (
  { args, verify }: Contestant,
  list: Omit<Job, "folder">,
  folder = freshFolder()
): Usage => {
  const job = { ...list, folder }
  const usage = join(job.folder, "usage.json")
  const hook = ["--import", join(root, "scripts/bench/usage.mjs")]
  const wall = time(...pinned(1, process.execPath, [...hook, ...args(job)]), job.folder, { BENCH_USAGE: usage })
  verify?.(job)
  return { wall, ...JSON.parse(readFileSync(usage, "utf8")) }
}

export const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Prints rows of cells, the first column to the left and the others to the right. */
export const print = (rows: ReadonlyArray<ReadonlyArray<string>>) => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join("  ")
  )
  console.log(`${lines.join("\n")}\n`)
}

/** A list of so many codes. */
export const list = (codes: number, url: string): Omit<Job, "folder"> => {
  const file = join(folder, `${codes}.txt`)
  const handle = openSync(file, "w")
  for (let at = 0; at < codes; at += 10_000) {
    const some = Array.from(
      { length: Math.min(10_000, codes - at) },
      (_, more) => `${String(at + more).padStart(6, "0")}\n`
    )
    writeSync(handle, some.join(""))
  }
  closeSync(handle)
  return { file, codes, url }
}

/** Starts the API, says what it runs on, measures, and clears everything away. */
export const withApi = async (title: string, work: (url: string) => void) => {
  try {
    const api = await serve()
    try {
      console.log(`Node ${process.version}, ${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} cores`)
      console.log(
        `API: ${api.name}, ${body.length} bytes; ${isPinned ? "API and contestants on a core each" : "not pinned"}`
      )
      console.log(`${title}\n`)
      work(api.url)
    } finally {
      api.stop()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
