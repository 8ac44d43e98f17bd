/**
 * Connections that do not come to stand, and whole servers that go away, refuse or hold back: what that means for a run.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Duration, Effect, Either, Fiber, Layer, type Scope } from "effect"
import { spawn } from "node:child_process"
import Dns from "node:dns"
import { once } from "node:events"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Failure from "../../src/Lookup/Failure.ts"
import type { Outcome } from "../../src/Outcome.ts"
import * as Policy from "../../src/Policy.ts"
import type { StopError } from "../../src/Rollcall.ts"
import * as Transport from "../../src/Transport.ts"
import { until } from "../command.ts"
import { selfSigned } from "./certificate.ts"
import * as Faulty from "./faulty.ts"
import { ask, assertClosed, codes, policy, tries, watch } from "./judge.ts"

const { answer, ca, reply } = Faulty

const serve = (identity = Faulty.trusted) => Faulty.http1("https", () => {}, identity)

/** A server that does something to each connection as it comes, and so that it sees it close. */
const onArrival = (act: (socket: Net.Socket) => unknown) => (scheme: "http" | "https") => Faulty.sockets(scheme, act)

/** A server that is stopped by its system before it accepts anything, with its queue full: what comes then is not even refused. */
const blackHole = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      const program = "require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {"
        + " console.log(this.address().port); process.kill(process.pid, 'SIGSTOP') })"
      const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] })
      const [port] = await once(child.stdout, "data")
      const filling = Array.from({ length: 4 }, () => Net.connect(Number(port), "127.0.0.1").on("error", () => {}))
      return { child, filling, port: Number(port) }
    }),
    ({ child, filling }) =>
      Effect.sync(() => {
        for (const socket of filling) socket.destroy()
        child.kill("SIGKILL")
      })
  ),
  ({ port }): Faulty.Server => ({ origin: `http://127.0.0.1:${port}`, asked: [], open: new Set(), stop: () => {} })
)

type Answers = (done: (error: Error | null, addresses: Array<Dns.LookupAddress>) => void) => void

/** Names as some resolver answers for them; all others are asked as ever. */
const resolvers = new Map<string, Answers>()
const { lookup } = Dns

const resolve = (host: string, options: Dns.LookupAllOptions, done: (...results: Array<unknown>) => void) => {
  const answers = resolvers.get(host)
  if (answers === undefined) return lookup(host, options, done)
  answers((error, addresses) => options.all ? done(error, addresses) : done(error, addresses[0]?.address, 4))
}

/** A server under a name that is resolved like this. */
const named = (name: string, answers: Answers) =>
  Effect.map(Faulty.http1("http", () => {}), (server) => {
    resolvers.set(name, answers)
    return { ...server, origin: server.origin.replace("localhost", name) }
  })

const failed = (code: string) => Object.assign(new Error(`getaddrinfo ${code}`), { code })
const here: Dns.LookupAddress = { address: "127.0.0.1", family: 4 }

type Run = Either.Either<ReadonlyArray<Outcome<unknown, unknown>>, StopError>

const stops = (reason: StopError["reason"], said: RegExp) => (run: Run) => {
  if (Either.isRight(run)) return assert.fail(`it went on: ${JSON.stringify(run.right[0])}`)
  assert.strictEqual(run.left.reason, reason)
  assert.match(run.left.message, said)
}

const outcomesOf = (run: Run) =>
  Either.isRight(run) ? run.right : assert.fail(`it stopped: ${run.left.reason}, ${run.left.message}`)

const fails = (reason: string, from = 0, attempts = 2) => (run: Run) => {
  for (const outcome of outcomesOf(run).slice(from)) {
    assert.strictEqual(outcome.outcome === "failed" && (outcome.error as { reason: string }).reason, reason)
    assert.strictEqual(outcome.attempts, attempts)
  }
}

const finds = (run: Run) => {
  for (const outcome of outcomesOf(run)) {
    assert.deepInclude(outcome, { outcome: "found", answer: { code: outcome.code } })
  }
}

/** A server that speaks TLS, and closes the connection when it is asked. */
const silent = Effect.suspend(() => {
  const secureContext = Tls.createSecureContext(Faulty.trusted)
  return onArrival((socket) => {
    const tls = new Tls.TLSSocket(socket, {
      isServer: true,
      secureContext,
      requestCert: true,
      rejectUnauthorized: false
    })
    tls.on("error", () => {}).on("data", () => socket.destroy())
  })("https")
})

type Row = readonly [
  name: string,
  serve: Effect.Effect<Faulty.Server, never, Scope.Scope>,
  expected: (run: Run) => void,
  options?: Transport.Options,
  tuned?: Policy.Policy
]

/** A server that answers each call by its number and the milliseconds since the first; {@link good} is the right answer. */
const scripted = (script: (call: number, millis: number, server: Faulty.Server) => Buffer) =>
  Effect.suspend(() => {
    let calls = 0
    let begun = 0
    let server: Faulty.Server
    return Effect.map(
      Faulty.sockets("http", (socket) => {
        socket.on("data", (bytes) => {
          begun ||= performance.now()
          const code = /^GET \/(\S*)/.exec(String(bytes))![1]!
          const written = script(++calls, performance.now() - begun, server)
          socket.write(written === good ? reply(answer(code)) : written)
        })
      }),
      (made) => server = made
    )
  })

const good = Buffer.alloc(0)

const neighbours = codes.filter((code) => code !== Faulty.poison)
/** An outage is waited for, however alike its failures are. */
const patient: Policy.Policy = {
  ...policy,
  uniform: null,
  retry: { ...policy.retry, retries: 20, cap: Duration.millis(100) }
}
/** Nothing else becomes of any call than that it is given up. */
const hasty: Policy.Policy = { ...policy, timeout: Duration.millis(200) }
/** It waits no longer than that for a server that refuses. */
const weary: Policy.Policy = { ...policy, throttle: { ...policy.throttle, maxWait: Duration.millis(300) } }

const rows: ReadonlyArray<Row> = [
  ["refused", Effect.scoped(Faulty.http1("http", () => {})), stops("unreachable", /ECONNREFUSED/)],
  [
    "refused in the middle of a run",
    // the first answer is the last one
    scripted((_, __, server) => {
      setTimeout(() => server.stop("everything"), 1)
      return good
    }),
    fails("refused", 1)
  ],
  ["a black hole", blackHole, fails("timeout"), {}, hasty],
  [
    "TCP that is taken and TLS that is not answered",
    onArrival((socket) => socket.resume())("https"),
    fails("timeout"),
    {},
    hasty
  ],
  ["TLS that is not answered, asked for HTTP/2", onArrival((socket) => socket.resume())("https"), fails("timeout"), {
    http2: true
  }, hasty],
  [
    "no such name",
    Effect.succeed({ origin: "http://no-such-host.invalid", asked: [], open: new Set<Net.Socket>(), stop: () => {} }),
    stops("unreachable", /no-such-host/)
  ],
  [
    "a resolver that fails",
    named("servfail.test", (done) => done(failed("EAI_AGAIN"), [])),
    stops("unreachable", /EAI_AGAIN/)
  ],
  ["a resolver that never answers", named("silent.test", () => {}), fails("timeout"), {}, hasty],
  ["a resolver that is slow", named("slow.test", (done) => void setTimeout(() => done(null, [here]), 200)), finds],
  [
    "a resolver that fails every other time",
    Effect.suspend(() => {
      let asked = 0
      return named("flapping.test", (done) => asked++ % 2 === 0 ? done(null, [here]) : done(failed("EAI_AGAIN"), []))
    }),
    finds,
    {},
    patient
  ],
  [
    "IPv6 first, where nobody listens",
    named("dual.test", (done) => done(null, [{ address: "::1", family: 6 }, here])),
    finds
  ],
  ["a certificate that has expired", serve(ca.sign(["localhost"], [-3, -2])), stops("unreachable", /expired/)],
  ["a certificate of tomorrow", serve(ca.sign(["localhost"], [1, 2])), stops("unreachable", /not yet valid/)],
  ["a certificate for another host", serve(ca.sign(["other.example"])), stops("unreachable", /other\.example/)],
  ["a certificate that signs itself", serve(selfSigned(["localhost"])), stops("unreachable", /self.signed/)],
  ["an authority that nobody knows", serve(), stops("unreachable", /certificate/), { ca: undefined }],
  [
    "plain HTTP where TLS is asked for",
    onArrival((socket) => socket.end(reply("{}")).resume())("https"),
    stops("unreachable", /TLS/)
  ],
  [
    "TLS where plain HTTP is asked for",
    Effect.map(serve(), (server) => ({ ...server, origin: server.origin.replace("https", "http") })),
    stops("unreachable", /this looks like HTTPS/)
  ],
  [
    "closed in the handshake",
    onArrival((socket) => socket.resume().once("data", () => socket.end()))("https"),
    stops("unreachable", /before TLS stood/)
  ],
  [
    "reset in the handshake",
    onArrival((socket) => socket.once("data", () => socket.resetAndDestroy()))("https"),
    stops("unreachable", /before TLS stood/)
  ],
  ...["closed", "reset"].map((how): Row => [
    `${how} in the handshake with a client certificate`,
    onArrival((socket) => socket.once("data", () => how === "closed" ? socket.destroy() : socket.resetAndDestroy()))(
      "https"
    ),
    stops("unreachable", /does it take this client certificate/),
    Faulty.trusted
  ]),
  [
    "closed without an answer to a client certificate",
    silent,
    stops("unreachable", /does it take this client certificate/),
    Faulty.trusted
  ],
  ["closed without an answer", silent, fails("transport")],
  ["reset on arrival", onArrival((socket) => socket.resetAndDestroy())("http"), fails("transport")]
]

const runs: ReadonlyArray<Row> = [
  ["401 at once", scripted(() => reply("", [], 401)), stops("unauthorized", /401/)],
  [
    "401 in the middle of a run",
    scripted((call) => call < 4 ? good : reply("", [], 401)),
    (run) => {
      // the key was good: the codes that are refused fail alone, at once
      const outcomes = outcomesOf(run)
      const refused = outcomes.filter(({ outcome }) => outcome === "failed")
      assert.lengthOf(refused, 3)
      fails("unauthorized", 0, 1)(Either.right(refused))
      finds(Either.right(outcomes.filter((outcome) => !refused.includes(outcome))))
    }
  ],
  ["403 at once", scripted(() => reply("", [], 403)), stops("forbidden", /403/)],
  ["429 for ever", scripted(() => reply("slow down", [], 429)), stops("throttled", /slow down/), {}, weary],
  [
    "429 for ever, and years to wait",
    scripted(() => reply("", ["Retry-After: 99999999"], 429)),
    stops("throttled", /429/),
    {},
    weary
  ],
  [
    "a brown-out, and the recovery",
    scripted((call, millis) => call === 1 || millis > 300 ? good : reply("", [], 503)),
    finds,
    {},
    patient
  ],
  [
    "429 for some, and the recovery",
    scripted((_, millis) => millis > 100 ? good : reply("", [], 429)),
    finds,
    {},
    patient
  ],
  [
    "503 with a wait, and the recovery",
    scripted((_, millis) => millis > 100 ? good : reply("", ["Retry-After: 0.05"], 503)),
    finds,
    {},
    patient
  ],
  [
    "the deadline over many attempts",
    scripted(() => reply("", [], 503)),
    (run) => {
      for (const outcome of outcomesOf(run)) {
        assert.strictEqual(outcome.outcome === "failed" && (outcome.error as { reason: string }).reason, "deadline")
      }
    },
    {},
    { ...patient, breaker: null, deadline: Duration.millis(300), retry: { ...patient.retry, retries: 100 } }
  ]
]

describe("Transport", () => {
  watch()
  beforeAll(() => void (Dns.lookup = resolve as typeof lookup))
  afterAll(() => void (Dns.lookup = lookup))

  for (const [table, all] of Object.entries({ "that do not stand": rows, "to servers in trouble": runs })) {
    describe.concurrent(`Connections ${table}`, () => {
      for (const [name, serve, expected, options, tuned] of all) {
        it.live(name, () =>
          Effect.repeatN(
            Effect.scoped(Effect.gen(function*() {
              const server = yield* serve
              const run = yield* ask(server, neighbours, options, tuned)
              yield* assertClosed(server)
              expected(run)
            })),
            tries - 1
          ))
      }
    })
  }

  it.scopedLive("that do not stand go with their calls", () =>
    Effect.gen(function*() {
      let open = 0
      let most = 0
      const server = yield* onArrival((socket) => {
        most = Math.max(most, ++open)
        socket.resume().on("close", () => open--)
      })("https")
      const many = Array.from({ length: 12 }, (_, index) => `q${index}`)
      const quick = { ...weary, timeout: Duration.millis(100), deadline: Duration.millis(2500) }
      for (const http2 of [false, true]) yield* ask(server, many, { http2 }, quick)
      yield* assertClosed(server)
      assert.isAtMost(most, Policy.mostInFlight(policy) * 2)
    }))

  it.scopedLive("that do not stand end with the layer", () =>
    Effect.gen(function*() {
      const server = yield* onArrival((socket) => socket.resume())("https")
      const fiber = yield* Effect.scoped(Effect.gen(function*() {
        const context = yield* Layer.build(Transport.layerWith({ environment: {} }))
        const fiber = yield* Effect.forkDaemon(Effect.provide(HttpClient.get(server.origin), context))
        yield* until(() => server.open.size > 0)
        return fiber
      }))
      yield* assertClosed(server)
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "RequestError")
    }))
})

describe("a port that speaks TLS, asked in plain HTTP", () => {
  for (const method of ["GET", "POST"] as const) {
    it.scopedLive(`is found out at the first question: ${method}`, () =>
      Effect.gen(function*() {
        const { origin } = yield* Faulty.sockets("http", (socket) => {
          // a handshake begins with 0x16; who says anything else is not answered
          socket.once("data", (bytes: Buffer) => {
            if (bytes[0] !== 0x16) return socket.destroy()
            const tls = new Tls.TLSSocket(socket, {
              isServer: true,
              secureContext: Tls.createSecureContext(selfSigned(["localhost"]))
            })
            tls.on("error", () => {})
            socket.unshift(bytes)
          })
        })
        const client = yield* HttpClient.HttpClient
        const error = yield* Effect.flip(client.execute(HttpClientRequest.make(method)(`${origin}/a`)))
        const { isUnprocessed, message, reason, remedy } = Failure.fromHttpClient(error)
        assert.deepStrictEqual([reason, message, remedy, isUnprocessed], [
          "tls",
          "this looks like HTTPS",
          "https",
          true
        ])
      }).pipe(Effect.provide(Transport.layerWith({ environment: {} }))))
  }
})
