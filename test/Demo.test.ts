import { assert, describe, it } from "@effect/vitest"
import * as Array from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Net from "node:net"
import { request } from "undici"
import * as Demo from "../src/Demo.ts"
import { scale } from "./scale.ts"

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | Array<string> | undefined>>
  readonly body: string
}

interface Question {
  readonly method?: "GET" | "POST" | "HEAD" | "DELETE"
  readonly headers?: Record<string, string>
}

const ask = (url: string, { headers = {}, method = "GET" }: Question = {}): Effect.Effect<Answer, unknown> =>
  Effect.tryPromise(async (signal) => {
    const response = await request(url, { method, headers, signal })
    return { status: response.statusCode, headers: response.headers, body: await response.body.text() }
  })

const lookup = (demo: Demo.Demo["Type"], code: string) => ask(demo.lookupUrl.replace("{code}", code))

/** The status, or "failed" where no whole answer came. */
const status = (demo: Demo.Demo["Type"], code: string) =>
  Effect.match(lookup(demo, code), { onFailure: () => "failed" as const, onSuccess: (answer) => answer.status })

/** The statuses of one call after the other. */
const statuses = (demo: Demo.Demo["Type"], codes: ReadonlyArray<string>) =>
  Effect.forEach(codes, (code) => status(demo, code))

const getNaples = "GET /zipc/v1/zipcodes/34102 HTTP/1.1\r\nHost: demo\r\n\r\n"

/** All bytes that come back for these, until the connection ends. */
const read = (demo: Demo.Demo["Type"], text: string) =>
  Effect.async<string>((resume) => {
    const { hostname, port } = new URL(demo.url)
    let answer = ""
    Net.connect(Number(port), hostname)
      .on("data", (data) => answer += data)
      .on("error", () => {})
      .on("close", () => resume(Effect.succeed(answer)))
      .write(text)
  })

const eventually = <A>(effect: Effect.Effect<A>, isDone: (value: A) => boolean) =>
  Effect.repeat(effect, { until: isDone, schedule: Schedule.spaced("5 millis") }).pipe(
    Effect.zipRight(effect),
    Effect.timeout("5 seconds")
  )

const atRest = (demo: Demo.Demo["Type"]) => eventually(demo.log, (log) => log.inFlight === 0)

/** What three calls for each code meet with. */
const fatesOf = (seed: number, codes: ReadonlyArray<string>, concurrency: number) =>
  Effect.gen(function*() {
    const demo = yield* Demo.serve({ seed, unavailable: 0.2, drop: 0.1, throttle: { probability: 0.1 } })
    const fates = yield* Effect.forEach(
      codes,
      (code) => Effect.map(statuses(demo, Array.replicate(code, 3)), (fate) => [code, fate.join()] as const),
      { concurrency }
    )
    return { demo, fates: Object.fromEntries(fates) }
  })

const some = (count: number) => Effect.map(Demo.codes, Array.take(count))

describe("Demo.codes", () => {
  it.effect("are 42,555 US ZIPs, then 1,620 Canadian areas, sorted", () =>
    Effect.gen(function*() {
      const codes = yield* Demo.codes
      assert.strictEqual(codes.findIndex((code) => !/^[0-9]{5}$/.test(code)), 42_555)
      assert.strictEqual(codes.filter((code) => /^[A-Z][0-9][A-Z]$/.test(code)).length, 1_620)
      assert.strictEqual(new Set(codes).size, 44_175)
      assert.deepStrictEqual(codes.toSorted(), codes)
      assert.strictEqual(codes[0], "00501")
    }))
})

describe("Demo.serve", () => {
  it.scopedLive("answers as Metadapi does", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve()
      assert.strictEqual(demo.lookupUrl, `${demo.url}/zipc/v1/zipcodes/{code}`)
      const answer = yield* lookup(demo, "34102")
      assert.strictEqual(answer.headers["content-type"], "application/json; charset=utf-8")
      assert.deepStrictEqual(JSON.parse(answer.body), {
        links: { self: "/zipc/v1/zipcodes/34102" },
        meta: { count: 1 },
        data: {
          zipCode: "34102",
          city: "Naples",
          state: "FL",
          country: "US",
          latitude: 26.134,
          longitude: -81.7953
        }
      })
    }))

  it.scopedLive.each(
    [
      { path: "/zipc/v1/zipcodes/00501", status: 200, body: /"zipCode":"00501","city":"Holtsville"/ },
      { path: "/zipc/v1/zipcodes/K1A", status: 200, body: /"country":"Canada"/ },
      // The package itself lost an accent here: three bytes in UTF-8, which Content-Length must count.
      { path: "/zipc/v1/zipcodes/E4N", status: 200, body: /"city":"Cap-pel\uFFFD","state":"New Brunswick".*\}\}$/ },
      { path: "/zipc/v1/zipcodes/V0N", status: 200, body: /"latitude":null,"longitude":null/ },
      { path: "/zipc/v1/zipcodes/%334102?year=2021", status: 200, body: /"zipCode":"34102"/ },
      { path: "/zipc/v1/zipcodes/00000", status: 404, body: /^\{"errors":\[\{"code":"404","title":".+"\}\]\}$/ },
      { path: "/zipc/v1/zipcodes/Z9Z", status: 404, body: /"errors"/ },
      { path: "/zipc/v1/zipcodes/501", status: 400, body: /^\{"errors":\[\{"code":"400","title":".+"\}\]\}$/ },
      { path: "/zipc/v1/zipcodes/34102-1234", status: 400, body: /"errors"/ },
      { path: "/zipc/v1/zipcodes/k1a", status: 400, body: /"errors"/ },
      { path: "/zipc/v1/zipcodes/10.1%2Fx", status: 400, body: /"errors"/ },
      { path: "/zipc/v1/zipcodes/%E0%A4%A", status: 400, body: /"errors"/ },
      { path: "/zipc/v1/zipcodes/constructor", status: 400, body: /"errors"/ },
      { path: "/zipc/v1", status: 204, body: /^$/ },
      { path: "/zipc/v1/zipcodes/", status: 404, body: /"errors"/ },
      { path: "/zipc/v1/zipcodes/34102/soi", status: 404, body: /"errors"/ },
      { path: "/zipc/v2/zipcodes/34102", status: 404, body: /"errors"/ },
      { path: "/", status: 404, body: /"errors"/ },
      { path: "/_demo/other", status: 404, body: /"errors"/ },
      { path: "/zipc/v1/zipcodes/34102", method: "POST", status: 405, allow: "GET", body: /"errors"/ },
      { path: "/zipc/v1/zipcodes/34102", method: "HEAD", status: 405, allow: "GET", body: /^$/ },
      { path: "/zipc/v1", method: "DELETE", status: 405, allow: "GET", body: /"errors"/ },
      { path: "/_demo/log", method: "POST", status: 405, allow: "GET, DELETE", body: /"errors"/ }
    ] as const
  )("answers $status to $path", (given) =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve()
      const { method = "GET", allow } = { method: undefined, allow: undefined, ...given }
      const answer = yield* ask(demo.url + given.path, { method })
      assert.strictEqual(answer.status, given.status)
      assert.match(answer.body, given.body)
      assert.strictEqual(answer.headers["allow"], allow)
    }))

  it.scopedLive("asks for its key, but not for its log", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ key: "s3cret" })
      assert.strictEqual(demo.key, "s3cret")
      for (const url of [`${demo.url}/zipc/v1`, demo.lookupUrl.replace("{code}", "34102")]) {
        const missing = yield* ask(url)
        const wrong = yield* ask(url, { headers: { "Ocp-Apim-Subscription-Key": "s3cre" } })
        const right = yield* ask(url, { headers: { "ocp-apim-subscription-key": "s3cret" } })
        assert.deepStrictEqual([missing.status, wrong.status, Math.floor(right.status / 100)], [401, 401, 2])
        assert.match(missing.body, /^\{"statusCode":401,"message":"Access denied due to missing subscription key\./)
        assert.match(wrong.body, /^\{"statusCode":401,"message":"Access denied due to invalid subscription key\./)
      }
      assert.strictEqual((yield* ask(`${demo.url}/_demo/log`)).status, 200)
    }))

  it.scopedLive("tells in prose how long the quota is spent", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ quota: { calls: 2, period: "900 millis" } })
      assert.strictEqual((yield* ask(`${demo.url}/zipc/v1`)).status, 204)
      assert.strictEqual(yield* status(demo, "34102"), 200)
      const spent = yield* lookup(demo, "34102")
      assert.strictEqual(spent.status, 403)
      assert.strictEqual(
        spent.body,
        `{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 00:00:00:01."}`
      )
      yield* Effect.sleep("910 millis")
      assert.strictEqual(yield* status(demo, "34102"), 200)
    }))

  it.scopedLive("counts a quota of days in days", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ quota: { calls: 1, period: 93_784_000 } })
      yield* status(demo, "34102")
      assert.match((yield* lookup(demo, "34102")).body, /replenished in 01:02:03:04\./)
    }))

  it.scopedLive.each<{ name: string; options: Demo.Options; expected: ReadonlyArray<number | "failed"> }>([
    { name: "unavailable", options: { unavailable: 1 }, expected: [503, 503, 200, 200] },
    { name: "throttle", options: { throttle: { probability: 1 }, faultsPerCode: 1 }, expected: [429, 200, 200, 200] },
    { name: "drop", options: { drop: 1 }, expected: ["failed", "failed", 200, 200] },
    { name: "cut", options: { cut: 1, latency: "5 millis" }, expected: ["failed", "failed", 200, 200] },
    { name: "outage", options: { outage: { every: 4, calls: 2 } }, expected: [200, 200, 503, 503] }
  ])("suffers on demand: $name", ({ expected, options }) =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve(options)
      assert.deepStrictEqual(yield* statuses(demo, Array.replicate("34102", 4)), expected)
      const log = yield* atRest(demo)
      assert.strictEqual(log.dropped, expected.filter((value) => value === "failed").length)
      assert.strictEqual(log.calls, 4)
    }))

  it.scopedLive.each(
    [
      { format: "seconds", retryAfter: "1500 millis" },
      { format: "date", retryAfter: "90 seconds" }
    ] as const
  )("tells a Retry-After in $format", ({ format, retryAfter }) =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ throttle: { probability: 1, retryAfter, format } })
      const answer = yield* lookup(demo, "34102")
      const told = String(answer.headers["retry-after"])
      if (format === "seconds") return assert.strictEqual(told, "2")
      assert.strictEqual(told, new Date(told).toUTCString())
      assert.closeTo(Date.parse(told) - Date.now(), 90_500, 2_000)
    }))

  it.scopedLive("drops before any byte, and cuts within the body", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* read(yield* Demo.serve({ drop: 1 }), getNaples), "")
      const [head, body] = (yield* read(yield* Demo.serve({ cut: 1 }), getNaples)).split("\r\n\r\n")
      assert.match(head!, /^HTTP\/1\.1 200 OK\r\n/)
      const length = Number(/Content-Length: (\d+)/.exec(head!)![1])
      assert.strictEqual(body!.length, Math.floor(length / 2))
    }))

  it.scopedLive("leaves a call without an answer", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ hang: 1 })
      const call = yield* Effect.fork(lookup(demo, "34102"))
      yield* eventually(demo.log, (log) => log.hung === 1)
      yield* Effect.sleep("50 millis")
      assert.strictEqual(yield* Effect.map(demo.log, (log) => log.inFlight), 1)
      assert.isNull(call.unsafePoll())
      yield* Fiber.interrupt(call)
      const log = yield* atRest(demo)
      assert.deepStrictEqual([log.calls, log.hung, log.abandoned, log.statuses], [1, 1, 0, {}])
    }))

  it.scopedLive("takes its time", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ latency: "60 millis" })
      const [took, answer] = yield* Effect.timed(lookup(demo, "34102"))
      assert.strictEqual(answer.status, 200)
      assert.isAtLeast(Duration.toMillis(took), 58)
    }))

  it.scopedLive("has the same faults for the same seed, whatever the order", () =>
    Effect.gen(function*() {
      const codes = yield* some(150)
      const { demo, fates } = yield* fatesOf(7, codes, 1)
      assert.includeMembers(Object.values(fates), ["200,200,200", "503,200,200", "failed,200,200", "429,200,200"])
      assert.deepStrictEqual((yield* fatesOf(7, Array.reverse(codes), 16)).fates, fates)
      assert.notDeepEqual((yield* fatesOf(8, codes, 16)).fates, fates)
      yield* demo.reset
      const again = yield* Effect.forEach(codes, (code) => statuses(demo, Array.replicate(code, 3)))
      assert.deepStrictEqual(again.map((fate) => fate.join()), codes.map((code) => fates[code]))
    }))

  it.scopedLive("lets `rate` calls through in any second, and no call less", () =>
    Effect.gen(function*() {
      const rate = 25
      const demo = yield* Demo.serve({ rate })
      const answers: Array<Answer> = []
      yield* lookup(demo, "34102").pipe(
        Effect.map((answer) => answers.push(answer)),
        Effect.repeat({ schedule: Schedule.spaced("4 millis"), until: () => answers.length === scale(250, 400, 400) })
      )
      const arrivals = yield* demo.arrivals
      const admitted = arrivals.filter((_, index) => answers[index]!.status === 200)
      assert.strictEqual(Demo.maxWithin(admitted, 1_000), rate)
      arrivals.forEach((at, index) => {
        if (answers[index]!.status === 200) return
        assert.strictEqual(answers[index]!.status, 429)
        assert.strictEqual(answers[index]!.headers["retry-after"], "1")
        assert.strictEqual(admitted.filter((other) => other > at - 1_000 && other < at).length, rate)
      })
    }))
})

describe("Demo.log", () => {
  it.scopedLive("tells what the API saw, and forgets it on demand", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ latency: "200 millis" })
      const began = Date.now()
      const codes = yield* some(5)
      const calls = yield* Effect.fork(
        Effect.forEach([...codes, "34102", "34102", "99999", "x"], (code) => status(demo, code), {
          concurrency: "unbounded"
        })
      )
      assert.strictEqual((yield* eventually(demo.log, (log) => log.inFlight === 9)).maxInFlight, 9)
      yield* calls
      yield* ask(`${demo.url}/nowhere`)
      const log = yield* atRest(demo)
      assert.deepStrictEqual(log.statuses, { 200: 7, 400: 1, 404: 2 })
      assert.deepStrictEqual([log.calls, log.maxInFlight, log.dropped, log.hung, log.abandoned], [10, 9, 0, 0, 0])
      assert.deepStrictEqual(
        new Map(log.codes),
        new Map([...codes.map((code) => [code, 1] as const), ["34102", 2], ["99999", 1], ["x", 1]])
      )
      const arrivals = yield* demo.arrivals
      assert.strictEqual(log.maxPerSecond, Demo.maxWithin(arrivals, 1_000))
      assert.deepStrictEqual([log.firstArrival, log.lastArrival], [arrivals[0], arrivals[9]])
      assert.isAtLeast(log.firstArrival!, began - 50)
      assert.isAtMost(log.lastArrival!, Date.now() + 50)

      yield* demo.reset
      const empty = yield* demo.log
      assert.deepStrictEqual([empty.calls, empty.statuses, empty.maxInFlight, empty.maxPerSecond], [0, {}, 0, 0])
      assert.deepStrictEqual([empty.codes.size, empty.firstArrival, yield* demo.arrivals], [0, undefined, []])
    }))

  it.scopedLive("is the same over HTTP, where nothing of it counts as a call", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve()
      yield* statuses(demo, ["00501", "34102", "34102"])
      const [log, arrivals] = [yield* atRest(demo), yield* demo.arrivals]
      const told = yield* ask(`${demo.url}/_demo/log`)
      assert.deepStrictEqual(yield* Schema.decode(Schema.parseJson(Demo.Log))(told.body), log)
      assert.deepStrictEqual(JSON.parse((yield* ask(`${demo.url}/_demo/arrivals`)).body), arrivals)
      assert.strictEqual((yield* ask(`${demo.url}/_demo/log`, { method: "DELETE" })).status, 204)
      assert.strictEqual((yield* demo.log).calls, 0)
    }))

  it.scopedLive("counts a client that goes away before its answer", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ latency: "10 seconds" })
      const call = yield* Effect.fork(lookup(demo, "34102"))
      yield* eventually(demo.log, (log) => log.inFlight === 1)
      yield* Fiber.interrupt(call)
      const log = yield* atRest(demo)
      assert.deepStrictEqual([log.calls, log.abandoned, log.statuses], [1, 1, {}])
    }))

  it.scopedLive("does not mix what was in flight during a reset with what follows", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ latency: "150 millis" })
      const call = yield* Effect.fork(status(demo, "34102"))
      yield* eventually(demo.log, (log) => log.inFlight === 1)
      yield* demo.reset
      assert.strictEqual(yield* call, 200)
      assert.strictEqual(yield* status(demo, "00501"), 200)
      const log = yield* atRest(demo)
      assert.deepStrictEqual([log.calls, log.statuses, log.maxInFlight], [1, { 200: 1 }, 1])
    }))

  it.scopedLive("puts every call in exactly one place, on a rough day", () =>
    Effect.gen(function*() {
      const codes = yield* some(600)
      const demo = yield* Demo.serve({
        ...Demo.presets.rough,
        latency: { p50: "2 millis", p99: "8 millis" },
        unavailable: 0.1,
        drop: 0.05,
        cut: 0.05
      })
      const seen = yield* Effect.forEach(codes, (code) => status(demo, code), { concurrency: 20 })
      const log = yield* atRest(demo)
      const count = (value: number | "failed") => seen.filter((other) => other === value).length
      assert.strictEqual(log.calls, 600)
      assert.strictEqual(log.dropped, count("failed"))
      assert.strictEqual(log.statuses[503], count(503))
      assert.strictEqual(log.statuses[200], count(200))
      const answered = Object.values(log.statuses).reduce((sum, value) => sum + value, 0)
      assert.strictEqual(answered + log.dropped + log.hung + log.abandoned, log.calls)
      assert.isAtLeast(log.dropped, 30)
      assert.isAtMost(log.maxInFlight, 20)
    }))
})

const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length

describe("The scope of Demo.serve", () => {
  it.live("ends every connection and timer at once when it closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const demo = yield* Scope.extend(Demo.serve({ latency: "1 hour" }), scope)
      const before = timers()
      const sockets = yield* Effect.forEach(
        ["", "GET /zipc/v1/zip", getNaples, getNaples],
        (text) => Effect.fork(read(demo, text))
      )
      yield* eventually(demo.log, (log) => log.inFlight === 2)
      yield* Scope.close(scope, Exit.void).pipe(Effect.timeout("500 millis"))
      assert.deepStrictEqual(yield* Fiber.join(Fiber.all(sockets)), ["", "", "", ""])
      yield* eventually(demo.log, (log) => log.abandoned === 2)
      // the timers of others come and go
      assert.isAtMost(timers(), before)
      assert.strictEqual(yield* status(demo, "34102"), "failed")
    }))

  it.scopedLive.each<{
    readonly name: string
    readonly options: (port: number) => Demo.Options
    readonly reason: Demo.DemoError["reason"]
    readonly message: RegExp
  }>([
    {
      name: "a port that is taken",
      options: (port) => ({ port }),
      reason: "AddressInUse",
      message: /port \d+ of 127\.0\.0\.1, which is in use: .*port 0/
    },
    {
      name: "an address of another machine",
      options: () => ({ host: "192.0.2.1" }),
      reason: "AddressNotAvailable",
      message: /192\.0\.2\.1.*take 127\.0\.0\.1/
    },
    {
      name: "probabilities above 1",
      options: () => ({ drop: 0.6, hang: 0.6 }),
      reason: "InvalidOptions",
      message: /add up to more than 1/
    },
    {
      name: "percentiles in the wrong order",
      options: () => ({ latency: { p50: "2 seconds", p99: "1 second" } }),
      reason: "InvalidOptions",
      message: /p99 not below p50/
    },
    {
      name: "a port beyond all ports",
      options: () => ({ port: 70_000 }),
      reason: "InvalidOptions",
      message: /between 0 and 65535/
    }
  ])("refuses $name, and says what to do", ({ message, options, reason }) =>
    Effect.gen(function*() {
      const first = yield* Demo.serve()
      const error = yield* Effect.flip(Demo.serve(options(Number(new URL(first.url).port))))
      assert.instanceOf(error, Demo.DemoError)
      assert.strictEqual(error.reason, reason)
      assert.match(error.message, message)
    }))

  it.effect("is that of a layer too", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.Demo
      assert.strictEqual(yield* status(demo, "34102"), 200)
    }).pipe(Effect.provide(Demo.layer(Demo.presets.calm))))

  it.scopedLive("may be on IPv6", () =>
    Effect.gen(function*() {
      const demo = yield* Demo.serve({ host: "::1" })
      assert.match(demo.url, /^http:\/\/\[::1\]:\d+$/)
      assert.strictEqual(yield* status(demo, "34102"), 200)
    }))
})
