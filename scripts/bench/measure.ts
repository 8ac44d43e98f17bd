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
  /** How many calls at once. */
  readonly inFlight: number
  /** A fresh folder, which is also the working folder. */
  readonly folder: string
}

export interface Contestant {
  /** The program, Node unless told otherwise. */
  readonly program?: string
  /** Its arguments; may prepare files in the folder. */
  readonly args: (job: Job) => ReadonlyArray<string>
  /** Throws unless the work is done. */
  readonly verify?: (job: Job) => void
}

const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-"))
process.on("exit", () => rmSync(folder, { recursive: true }))

const isPinned = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0
/** A program and its arguments, on that core only where this machine has several. */
export const pinned = (core: number, program: string, args: ReadonlyArray<string>): [string, ReadonlyArray<string>] =>
  isPinned ? ["taskset", ["-c", `${core}`, program, ...args]] : [program, args]

/** What the API answers. */
export const body = JSON.stringify({
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

/** A port that nobody listens on. */
export const freePort = async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

/** nginx, which is never the limit; one worker, and connections that are kept whatever goes over them. */
const nginx = (port: number): [string, ReadonlyArray<string>] => {
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
  return ["nginx", ["-p", folder, "-c", config]]
}

/** Starts the API on the first core: nginx where it is installed, but Node where answers take some milliseconds. */
const serve = async (delay: number) => {
  const port = await freePort()
  const isNginx = delay === 0 && spawnSync("nginx", ["-v"]).status === 0
  const [program, args] = isNginx
    ? nginx(port)
    : [process.execPath, [join(root, "scripts/bench/server.mjs"), `${port}`, body, `${delay}`]]
  const server = spawn(...pinned(0, program, args), { stdio: ["ignore", "ignore", "inherit"] })
  const url = `http://127.0.0.1:${port}/zip/{code}`
  for (let tries = 0; !await fetch(url).then((reply) => reply.ok, () => false); tries++) {
    if (tries === 100 || server.exitCode !== null) throw new Error("the API does not start")
    await new Promise((done) => setTimeout(done, 50))
  }
  const name = isNginx ? "nginx" : delay === 0 ? "node:http (nginx is not installed)" : `node:http, after ${delay} ms`
  return { url, name, stop: () => server.kill("SIGTERM") }
}

export const freshFolder = () => mkdtempSync(join(folder, "run-"))

/** Runs a program to its end; how long it took, in milliseconds. Its output goes to `stdout` in its folder. */
export const time = (program: string, args: ReadonlyArray<string>, cwd: string) => {
  const stdout = openSync(join(cwd, "stdout"), "w")
  const start = performance.now()
  const { status, stderr } = spawnSync(program, args, {
    cwd,
    // neither a proxy nor a run before may come between a program and the API
    env: { ...process.env, XDG_STATE_HOME: cwd, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
    stdio: ["ignore", stdout, "pipe"],
    encoding: "utf8"
  })
  const wall = performance.now() - start
  closeSync(stdout)
  if (status !== 0) throw new Error(`exit ${status}: ${args.join(" ").slice(0, 1_000)}\n${stderr}`)
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

/** Runs a contestant on the second core, and looks at it from the first. */
export const measure = (
  { args, program = process.execPath, verify }: Contestant,
  list: Omit<Job, "folder">,
  folder = freshFolder()
): Usage => {
  const job = { ...list, folder }
  const usage = join(folder, "usage")
  const [runner, words] = pinned(1, program, args(job))
  time(...pinned(0, "bash", [join(root, "scripts/bench/usage.sh"), usage, runner, ...words]), folder)
  verify?.(job)
  // some locales write a comma
  const figures = readFileSync(usage, "utf8").replaceAll(",", ".").trimEnd().split(/\s/).map(Number)
  const [elapsed, user, system, peak] = figures as [number, number, number, number]
  return { wall: elapsed * 1e3, cpu: (user + system) * 1e6, rss: peak * 1024 }
}

export const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Prints a table in Markdown, the first column to the left and the others to the right. */
export const print = (rows: ReadonlyArray<ReadonlyArray<string>>) => {
  const widths = rows[0]!.map((_, column) => Math.max(4, ...rows.map((row) => row[column]!.length)))
  const [head, ...lines] = rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))
  )
  const rule = widths.map((width, column) => column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)
  console.log([head!, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join(""))
}

/** A list of so many codes. */
export const list = (codes: number, url: string, calls = inFlight): Omit<Job, "folder"> => {
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
  return { file, codes, url, inFlight: calls }
}

/** Starts the API, whose answers take some milliseconds if told so, says what it runs on, measures, and stops it. */
export const withApi = async (title: string, work: (url: string) => void, delay = 0) => {
  const api = await serve(delay)
  try {
    console.log(
      `${title}; Node ${process.version}, ${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} cores`
    )
    console.log(
      `API: ${api.name}, ${body.length} bytes; ${isPinned ? "API and contestants on a core each" : "not pinned"}\n`
    )
    work(api.url)
  } finally {
    api.stop()
  }
}
