/**
 * The command in a folder of its own: in this process, and as a process of its own for what only a process has (signals, a terminal, descriptors).
 */
import { Effect, Schedule, Schema, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { finished } from "node:stream/promises"
import * as Demo from "../src/Demo.ts"
import * as Outcome from "../src/Outcome.ts"
import { here } from "./here.ts"
import * as Serve from "./serve.ts"

/** The words that stand for `rollcall`. */
export const program: ReadonlyArray<string> = [process.execPath, resolve(process.env.ROLLCALL_BIN ?? "dist/bin.js")]

/** How a process ended. */
export interface Ended {
  /** 128 and its number for a signal that ended the process. */
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  /** Nothing unless told; `open` leaves it open, and makes it a process of its own. */
  readonly stdin?: string | Uint8Array | "open"
  readonly env?: Readonly<Record<string, string>>
  readonly cwd: string
  /** The program, where it is not `dist/bin.js`. Told, it makes it a process of its own. */
  readonly program?: ReadonlyArray<string>
}

/** A folder that goes with the test, and with it what stands beside it: what the command remembers. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "rollcall-test-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  ),
  (path) => {
    mkdirSync(join(path, "work"))
    return join(path, "work")
  }
)

/** Where the command keeps what is nobody's output. */
export const stateOf = (cwd: string): string => join(cwd, "..", "state")

/** A process that runs. */
export interface Running {
  readonly process: ChildProcess
  readonly ended: Effect.Effect<Ended>
  /** What it has said so far. */
  readonly said: () => string
}

/** Starts the command; it is killed with the scope. */
export const start = (
  words: ReadonlyArray<string>,
  { cwd, env = {}, program: [command = "", ...before] = program, stdin = "" }: Options
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(command, [...before, ...words], {
          cwd,
          env: environment(cwd, env),
          stdio: "pipe"
        })
        const output = { stdout: "", stderr: "" }
        child.stdout.setEncoding("utf8").on("data", (text) => output.stdout += text)
        child.stderr.setEncoding("utf8").on("data", (text) => output.stderr += text)
        // it may end before it has read all
        child.stdin.on("error", () => {})
        if (stdin !== "open") child.stdin.end(stdin)
        const ended = Promise.all([once(child, "exit"), finished(child.stdout), finished(child.stderr)]).then(
          ([[code, signal]]): Ended => ({ exit: code ?? 128 + signals[signal as keyof typeof signals], ...output })
        )
        return { child, ended, output }
      }),
      ({ child, ended }) =>
        Effect.promise(() => {
          child.kill("SIGKILL")
          return ended
        })
    ),
    ({ child, ended, output }) => ({
      process: child,
      ended: Effect.promise(() => ended),
      said: () => output.stdout + output.stderr
    })
  )

const signals = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

const environment = (cwd: string, env: Readonly<Record<string, string>>) => ({
  PATH: process.env.PATH ?? "",
  HOME: cwd,
  XDG_STATE_HOME: stateOf(cwd),
  NODE_DISABLE_COMPILE_CACHE: "1",
  ...env
})

/** Runs the command to its end. */
export const run = (words: ReadonlyArray<string>, options: Options): Effect.Effect<Ended> =>
  options.stdin === "open" || options.program !== undefined
    ? spawned(words, options)
    : here(words, {
      cwd: options.cwd,
      env: environment(options.cwd, options.env ?? {}),
      stdin: options.stdin ?? ""
    })

/** As {@link run}, as a process of its own. */
export const spawned = (words: ReadonlyArray<string>, options: Options): Effect.Effect<Ended> =>
  Effect.scoped(Effect.flatMap(start(words, options), ({ ended }) => ended))

/** Waits until something holds. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => holds() ? Effect.void : Effect.zipRight(Effect.sleep("5 millis"), until(holds)))

/** `demo --serve` as a process: where it looks up, and what it saw. */
export const serve = (words: ReadonlyArray<string> = []) =>
  Effect.gen(function*() {
    const server = yield* start(["demo", "--serve", "--port", "0", ...words], { cwd: yield* folder })
    yield* until(() => server.said().includes("Ctrl-C"))
    const url = /http:\S+\{code\}/.exec(server.said())![0]
    const origin = new URL(url).origin
    return {
      process: server,
      url,
      /** The flags that name it. */
      flags: ["--url", url, "-H", "Ocp-Apim-Subscription-Key: ${DEMO_KEY}"],
      log: Effect.flatMap(
        Effect.promise(() => fetch(`${origin}/_demo/log`).then((response) => response.json())),
        Schema.decodeUnknown(Demo.Log)
      ).pipe(Effect.orDie),
      reset: Effect.promise(() => fetch(`${origin}/_demo/log`, { method: "DELETE" }))
    }
  })

/** The demo's key, as a setting. */
export const env = { DEMO_KEY: "rollcall-demo" }

/** The records of an NDJSON output, each decoded. */
export const records = (ndjson: string): ReadonlyArray<Outcome.Record> =>
  ndjson === "" ? [] : ndjson.trimEnd().split("\n").map((line) => decode(line))

const decode = Schema.decodeSync(Schema.parseJson(Outcome.Record))

/** An API in this process, a folder, a list in it, and the command that asks the API about the list. */
export const setup = (codes: ReadonlyArray<string>, options: Demo.Options = {}) =>
  Effect.gen(function*() {
    const demo = yield* Demo.serve({ key: env.DEMO_KEY, ...options })
    const cwd = yield* folder
    const list = (codes: ReadonlyArray<string>) => writeFileSync(join(cwd, "list"), `${codes.join("\n")}\n`)
    list(codes)
    const flags = ["--url", demo.lookupUrl, "-H", "Ocp-Apim-Subscription-Key: ${DEMO_KEY}"]
    const words = ["run", "list", ...flags, "-o", "out.ndjson"]
    const read = (name: string) => readFileSync(join(cwd, name), "utf8")
    return {
      demo,
      cwd,
      list,
      flags,
      words,
      read,
      output: () => records(read("out.ndjson")),
      rollcall: (...more: ReadonlyArray<string>) =>
        // one that waits in back-off would keep all others in this process waiting
        (options.unavailable === undefined ? run : spawned)([...words, ...more], { cwd, env }),
      /** The log when nothing is in flight any more. */
      log: Effect.repeat(demo.log, { until: ({ inFlight }) => inFlight === 0, schedule: Schedule.spaced("10 millis") })
        .pipe(Effect.zipRight(demo.log))
    }
  })

export const some = (count: number) => Effect.map(Demo.codes, (codes) => codes.slice(0, count))

/** Line and code of each record. */
export const lines = (all: ReadonlyArray<Outcome.Record>) => all.map(({ code, line }) => `${line} ${code}`)
/** The lines of a list of codes, as {@link lines} has them. */
export const numbered = (codes: ReadonlyArray<string>) => codes.map((code, index) => `${index + 1} ${code}`)

/** An ordinary bad day. */
export const faults = {
  latency: { p50: "5 millis", p99: "30 millis" },
  unavailable: 0.03,
  drop: 0.02,
  cut: 0.02
} satisfies Demo.Options

/** A status and a body, or no answer for now. */
export type Reply = readonly [status: number, body: string] | undefined

/** Found, with the code in the answer. */
export const found = (code: string): Reply => [200, JSON.stringify({ code, city: `City of ${code}` })]

/** An API whose replies the test decides, a folder, a list in it, and what is run there. */
export const scripted = (codes: ReadonlyArray<string>, first: (code: string) => Reply = found) =>
  Effect.gen(function*() {
    const asked: Array<string> = []
    let reply = first
    /** Those that wait for an answer. */
    let waiting: Array<() => void> = []
    const url = yield* Serve.http((request, response) => {
      const code = decodeURIComponent(request.url!.slice(1))
      asked.push(code)
      const answer = () => {
        const replied = reply(code)
        if (replied === undefined) waiting.push(answer)
        else response.writeHead(replied[0], { "content-type": "application/json" }).end(replied[1])
      }
      answer()
    })
    const cwd = yield* folder
    const write = (name: string, text: string) => writeFileSync(join(cwd, name), text)
    const list = (codes: ReadonlyArray<string>) => write("list", codes.map((code) => `${code}\n`).join(""))
    list(codes)
    const words = ["--url", `${url}/{code}`, "--retries", "0", "--allow-none", "-c", "1"]
    return {
      asked,
      cwd,
      words,
      list,
      write,
      read: (name: string) => readFileSync(join(cwd, name), "utf8"),
      /** The names of the files there. */
      files: () => readdirSync(cwd).toSorted(),
      /** Decides from now on, and forgets what was asked. */
      answer: (next: (code: string) => Reply) => {
        reply = next
        asked.length = 0
        const late = waiting
        waiting = []
        for (const answer of late) answer()
      },
      rollcall: (...words: ReadonlyArray<string>) => run(words, { cwd }),
      /** Runs the list into `out.ndjson`. */
      run: (...more: ReadonlyArray<string>) => run(["run", "list", ...words, "-o", "out.ndjson", ...more], { cwd }),
      /** What is said beforehand of {@link run}. */
      plan: (...more: ReadonlyArray<string>) => run(["plan", "list", ...words, "-o", "out.ndjson", ...more], { cwd }),
      start: (...more: ReadonlyArray<string>) => start(["run", "list", ...words, "-o", "out.ndjson", ...more], { cwd })
    }
  })
