import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Either, Exit, Schema } from "effect"
import { reader } from "../../src/Limits.ts"
import * as Simulation from "../../src/Simulation.ts"
import * as Server from "../../src/Simulation/Server.ts"
import * as Spec from "../../src/Simulation/Spec.ts"
import { scale } from "../scale.ts"

/** What a client gets: a status with the milliseconds it took, or the reason of a failure. */
type Got = readonly [status: number | string, millis: number, retryAfter: string | undefined]

/** Asks a server for each code at its time, and gives what came and what the server saw. */
const ask = (spec: string, codes: ReadonlyArray<readonly [code: string, at: number]>, seed = 1) => {
  const got: Array<Got> = []
  const headers: Array<Readonly<Record<string, string | undefined>>> = []
  const program = Effect.gen(function*() {
    const machine = yield* Simulation.Machine
    const server = Server.make(machine, Schema.decodeSync(Spec.Text)(spec), { seed, isKept: true })
    const process = machine.start((process) =>
      Effect.provideService(
        Effect.forEach(codes, ([code, at], index) =>
          Effect.gen(function*() {
            yield* Effect.sleep(Duration.millis(at))
            const begun = machine.now()
            const client = yield* HttpClient.HttpClient
            const reply = yield* Effect.either(
              client.execute(HttpClientRequest.get(server.url.replace("{code}", code))).pipe(
                Effect.timeoutFail({ duration: "1 minute", onTimeout: () => ({ reason: "timeout" }) })
              )
            )
            const status = Either.isLeft(reply) ? reply.left.reason : reply.right.status
            const told = Either.isLeft(reply) ? undefined : reply.right.headers["retry-after"]
            got[index] = [status, machine.now() - begun, told]
            headers[index] = Either.isLeft(reply) ? {} : reply.right.headers
          }), { concurrency: "unbounded", discard: true }),
        HttpClient.HttpClient,
        server.client(process)
      )
    )
    yield* process.ended
    assert.strictEqual(server.inFlight(), 0)
    return server.calls
  })
  const { exit } = Simulation.run(program, { seed })
  const calls = Exit.getOrElse(exit, (cause) => assert.fail(Cause.pretty(cause)))
  return { got, calls, headers }
}

/** So many codes, a few milliseconds apart. */
const many = (count: number, apart = 0) =>
  Array.from({ length: count }, (_, index) => [`c${index}`, index * apart] as const)

const share = (got: ReadonlyArray<Got>, status: number | string) =>
  got.filter(([given]) => given === status).length / got.length

/** So many that chance is no matter. */
const count = scale(1500, 4000, 4000)

describe("a simulated server", () => {
  it("lets a bucket's worth through, then the rate, and tells the wait", () => {
    const { got } = ask("rate=10/s,burst=3", [...many(5, 1), ["later", 450], ["much later", 5000]])
    assert.deepStrictEqual(got.map(([status]) => status), [200, 200, 200, 429, 429, 200, 200])
    assert.deepStrictEqual(got[3]![2], "1")
  })

  it("refuses with another status where it is told to", () => {
    const { got } = ask("rate=10/s,burst=3,over=503,retry-after=none", many(5, 1))
    assert.deepStrictEqual(got.map(([status]) => status), [200, 200, 200, 503, 503])
    assert.isUndefined(got[3]![2])
  })

  it("tells the wait as it is told to", () => {
    const told = (spec: string) => ask(`rate=1/min,${spec}`, many(2)).got[1]![2]
    assert.strictEqual(told("retry-after=none"), undefined)
    assert.strictEqual(told("retry-after=7s"), "7")
    assert.strictEqual(told("retry-after=exact"), "60")
    assert.match(told("retry-after=date")!, /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/)
  })

  it("tells in headers what is left", () => {
    assert.strictEqual(ask("rate=10/s,headers=ietf", many(3)).headers[2]!["ratelimit"], `"default";r=7;t=1`)
    assert.strictEqual(ask("rate=10/s,headers=github", many(3)).headers[2]!["x-ratelimit-remaining"], "7")
    assert.isFunction(reader())
  })

  it("has a quota for each period, and a rate that drops", () => {
    const quota = ask("quota=3/min", [...many(5, 1000), ["next", 61_000]]).got
    assert.deepStrictEqual(quota.map(([status]) => status), [200, 200, 200, 429, 429, 200])
    assert.strictEqual(quota[3]![2], "57")
    const { got } = ask("rate=10/s,burst=1,drop=1/s@1s+2s", many(40, 100))
    assert.deepStrictEqual(got.slice(0, 10).map(([status]) => status), Array.from({ length: 10 }, () => 200))
    assert.isAtMost(got.slice(10, 30).filter(([status]) => status === 200).length, 3)
    assert.isAtLeast(got.slice(30).filter(([status]) => status === 200).length, 9)
  })

  it("works on so many at once, the others wait in line, and who leaves makes room", () => {
    const { got } = ask("concurrency=2,latency=100ms", many(5))
    assert.deepStrictEqual(got.map(([, millis]) => Math.round(millis)).toSorted((a, b) => a - b), [
      100,
      100,
      200,
      200,
      300
    ])
    const { calls } = ask("concurrency=1,hangs=100%", many(3))
    // each is given up after a minute
    assert.deepStrictEqual(
      calls.map(({ end, isAborted }) => [end, isAborted]),
      Array.from({ length: 3 }, () => [
        60_000,
        true
      ])
    )
  })

  it("takes as long as the percentiles say", () => {
    const times = ask("latency=p50:80ms,p99:2s", many(count)).got.map(([, millis]) => millis).toSorted((a, b) => a - b)
    assert.closeTo(times[count / 2]!, 80, 10)
    assert.closeTo(times[count * 0.99]!, 2000, 500)
  })

  it("fails as many as it is said to", () => {
    const { got } = ask("errors=10%,resets=5%,hangs=2%,not-found=20%", many(count))
    assert.closeTo(share(got, 500), 0.1, 0.02)
    assert.closeTo(share(got, "Transport"), 0.05, 0.015)
    assert.closeTo(share(got, "timeout"), 0.02, 0.008)
    assert.closeTo(share(got, 404), 0.2 * 0.83, 0.02)
  })

  it("has codes that fail whenever they are asked", () => {
    const { got } = ask("poison=10%", [...many(500), ...many(500)])
    assert.closeTo(share(got, 500), 0.1, 0.03)
    for (let index = 0; index < 500; index++) assert.strictEqual(got[index]![0], got[500 + index]![0])
  })

  it("has codes that get what they are said to, one by one or as a block", () => {
    const { got } = ask("poison=20%:429,poison=20%:hang,block=100-149:403", many(1000))
    assert.closeTo(share(got, 429), 0.2, 0.04)
    assert.closeTo(share(got, "timeout"), 0.2, 0.04)
    const statuses = (from: number, to: number) => new Set(got.slice(from, to).map(([status]) => status))
    assert.deepStrictEqual(statuses(100, 150), new Set<unknown>([403, 429, "timeout"]))
    assert.isFalse(statuses(0, 100).has(403) || statuses(150, 1000).has(403))
  })

  it("is down or in trouble for a time", () => {
    const { got } = ask("outage=1s@1s,outage=1s@3s:503,brownout=50%@5s+10s", many(1500, 10))
    assert.deepStrictEqual(new Set(got.slice(0, 100).map(([status]) => status)), new Set<unknown>([200]))
    assert.deepStrictEqual(new Set(got.slice(101, 199).map(([status]) => status)), new Set<unknown>(["Transport"]))
    assert.deepStrictEqual(new Set(got.slice(301, 399).map(([status]) => status)), new Set<unknown>([503]))
    assert.closeTo(share(got.slice(500), 503), 0.5, 0.05)
  })

  it("gives a call of a code the same fate, whatever else is asked", () => {
    const spec = "errors=20%,resets=20%,not-found=20%,latency=p50:80ms,p99:2s"
    const [one, other] = [ask(spec, many(100)).got, ask(spec, many(100).toReversed()).got.toReversed()]
    assert.deepStrictEqual(one, other)
    assert.notDeepEqual(one, ask(spec, many(100), 2).got)
  })
})
