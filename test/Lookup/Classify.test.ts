import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as Classify from "../../src/Lookup/Classify.ts"
import { LookupError, Reason } from "../../src/Outcome.ts"
import type { Reply } from "../../src/Reply.ts"
import type { Verdict } from "../../src/Verdict.ts"

const now = Date.parse("2026-03-01T12:00:00Z")

const reply = (status: number, body = "{}", headers: Record<string, string> = {}): Reply => ({
  status,
  body,
  header: (name) => headers[name],
  at: now
})

const decode = (body: string): Verdict<string> => ({ verdict: "found", answer: body })

const verdict = (given: Reply) => Classify.reply(given, decode)

describe("Classify.reply", () => {
  /** DESIGN's table; a status that is not listed falls under its class. */
  const special: Record<number, Verdict<unknown>["verdict"]> = {
    202: "retry",
    204: "not_found",
    206: "retry",
    400: "invalid",
    401: "stop",
    402: "stop",
    403: "failed",
    404: "not_found",
    408: "retry",
    410: "not_found",
    422: "invalid",
    425: "retry",
    429: "throttled",
    501: "failed"
  }
  const classes = { 1: "failed", 2: "found", 3: "failed", 4: "failed", 5: "retry" } as const

  it("follows the table for every status", () => {
    for (let status = 100; status < 600; status++) {
      const expected = special[status] ?? classes[Math.floor(status / 100) as keyof typeof classes]
      assert.strictEqual(verdict(reply(status)).verdict, expected, String(status))
    }
    for (const status of [0, -1, 99, 600, 999]) {
      assert.strictEqual(verdict(reply(status)).verdict, "failed", String(status))
    }
  })

  it("looks twice at an answer without a body, but for one that says that it has none", () => {
    for (const status of [200, 201, 299]) {
      assert.deepInclude(verdict(reply(status, "")), { verdict: "retry", isAlone: true, isEmpty: true }, String(status))
    }
    assert.deepStrictEqual(verdict(reply(204, "")), Classify.notFound)
  })

  it("holds back one question alone where its answer is not there yet", () => {
    for (const status of [202, 206]) {
      const judged = verdict(reply(status, "{}", { "retry-after": "7" }))
      assert.deepInclude(judged, { verdict: "retry", isAlone: true, wait: Duration.seconds(7) }, String(status))
    }
    assert.deepInclude(Classify.reply(reply(206, "a part"), decode, { isRange: true }), { answer: "a part" })
  })

  it("decides by the status alone where only that was asked for", () => {
    const judge = (status: number) => Classify.reply(reply(status, ""), decode, { isHead: true })
    for (const status of [200, 202, 204, 206]) {
      assert.deepStrictEqual(judge(status), { verdict: "found", answer: null as never }, String(status))
    }
    assert.deepStrictEqual(judge(404), Classify.notFound)
    assert.strictEqual(judge(503).verdict, "retry")
  })

  it("judges by the first edition what was judged by it", () => {
    const judge = (given: Reply) => Classify.reply(given, decode, { edition: 1 })
    assert.deepStrictEqual(judge(reply(202, "x")), { verdict: "found", answer: "x" })
    assert.deepStrictEqual(judge(reply(200, "")), Classify.notFound)
    assert.strictEqual(judge(reply(402)).verdict, "failed")
    assert.strictEqual(judge(reply(429, "insufficient_quota")).verdict, "throttled")
    assert.strictEqual(
      Classify.reply(reply(200, "<"), () => Classify.undecodable("no"), { edition: 1 }).verdict,
      "failed"
    )
  })

  const bill = (code: string) => JSON.stringify({ error: { message: "Pay first.", type: "x", param: null, code } })
  const daily = JSON.stringify({
    error: {
      code: 429,
      message: "You exceeded your quota.",
      status: "RESOURCE_EXHAUSTED",
      details: [{ violations: [{ quotaId: "GenerateRequestsPerDayPerProject" }] }, { retryDelay: "31s" }]
    }
  })
  const anthropic = (details: object) =>
    JSON.stringify({ type: "error", error: { type: "rate_limit_error", message: "No more.", details } })

  it.each<[string, Reply, string]>([
    ["OpenAI's quota", reply(429, bill("insufficient_quota")), "insufficient_quota: Pay first."],
    ["a balance", reply(429, bill("credit_balance_exhausted")), "credit_balance_exhausted: Pay first."],
    ["a limit of spend", reply(403, bill("project_spend_limit_exceeded")), "project_spend_limit_exceeded: Pay first."],
    [
      "a limit with details",
      reply(429, anthropic({ error_code: "enforced_spend_limit_reached" })),
      "enforced_spend_limit_reached: No more."
    ],
    ["a quota of the day", reply(429, daily), "GenerateRequestsPerDayPerProject: You exceeded your quota."],
    [
      "a limit in prose",
      reply(400, `{"error":{"message":"You have reached your specified API usage limits."}}`),
      "You have reached your specified API usage limits."
    ],
    ["a 402 in JSON", reply(402, `{"error":"insufficient credits"}`), "insufficient credits"],
    ["a 402 in text", reply(402, "Payment, please"), "Payment, please"],
    ["a 402 with nothing", reply(402, ""), "the server said 402"]
  ])("stops where the purse is empty: %s", (_, given, message) => {
    const judged = verdict(given)
    assert(judged.verdict === "stop", judged.verdict)
    assert.strictEqual(judged.error.reason, "quota")
    assert.isTrue(judged.error.message.startsWith(message), judged.error.message)
  })

  const tokens = (words: string) =>
    JSON.stringify({ error: { message: words, type: "tokens", code: "rate_limit_exceeded" } })

  it.each<[string, Reply]>([
    [
      "by its numbers",
      reply(429, tokens("Rate limit reached on tokens per min (TPM): Limit 8,000, Used 0, Requested 9,120."))
    ],
    [
      "in words too",
      reply(429, tokens("Request too large for m on TPM: Limit 6000, Requested 9012, please reduce it."))
    ],
    ["with its own status", reply(413, tokens("Request too large for m: Limit 6000, Requested 9012."))],
    ["by its code", reply(413, `{"type":"error","error":{"type":"request_too_large","message":"No."}}`)],
    ["of a budget", reply(402, `{"error":{"code":402,"metadata":{"reason":"weight_exceeds_budget"}}}`)],
    ["with a wait beside it", reply(429, "Request too large", { "retry-after": "20" })]
  ])("does not wait with what can never fit: %s", (_, given) => {
    const judged = verdict(given)
    assert(judged.verdict === "invalid", judged.verdict)
    assert.strictEqual(judged.error.status, given.status)
  })

  it("waits with what fits once others are done", () => {
    for (const words of ["Limit 8000, Used 7990, Requested 900", "Request too large now: Limit 8000, Requested 8000"]) {
      assert.strictEqual(verdict(reply(429, tokens(words))).verdict, "throttled", words)
    }
    assert.strictEqual(verdict(reply(413, "no")).verdict, "failed")
    assert.strictEqual(verdict(reply(503, "request too large")).verdict, "retry")
  })

  it("waits where a 402 says so, and where words of the account stand in an answer or a failure", () => {
    const wait = Duration.seconds(7)
    assert.deepInclude(verdict(reply(402, "{}", { "retry-after": "7" })), { verdict: "throttled", wait })
    assert.strictEqual(verdict(reply(402, bill("in_flight_budget_exhausted"))).verdict, "throttled")
    assert.strictEqual(verdict(reply(200, bill("insufficient_quota"))).verdict, "found")
    assert.strictEqual(verdict(reply(500, bill("insufficient_quota"))).verdict, "retry")
    assert.strictEqual(verdict(reply(429, bill("rate_limit_exceeded"))).verdict, "throttled")
  })

  it("leaves the body of a 2xx to whoever reads it", () => {
    assert.deepStrictEqual(verdict(reply(203, "text")), { verdict: "found", answer: "text" })
    const refused = Classify.undecodable("no")
    assert.strictEqual(Classify.reply(reply(200, "x"), () => refused), refused)
    assert.strictEqual(Classify.reply(reply(200, "x"), () => Classify.notFound), Classify.notFound)
    for (const status of [404, 500, 401]) {
      Classify.reply(reply(status, "x"), () => assert.fail("the body was read"))
    }
  })

  it("takes a 400 and a 403 about the key for one about every code", () => {
    for (const [status, why] of [[400, "API_KEY_INVALID"], [403, "API_KEY_SERVICE_BLOCKED"]] as const) {
      const judged = verdict(reply(status, `{"error":{"message":"no","details":[{"reason":"${why}"}]}}`))
      assert.deepInclude(judged, { verdict: "stop", isForAll: true })
      assert.strictEqual(judged.verdict === "stop" && judged.error.reason, "unauthorized")
    }
    assert.strictEqual(verdict(reply(400, `{"error":{"message":"API key not known here"}}`)).verdict, "invalid")
  })

  const errors: ReadonlyArray<readonly [status: number, body: string, reason: Reason, message: string]> = [
    [500, "", "status", "the server said 500"],
    [503, " \n\t", "status", "the server said 503"],
    [401, "{\"message\":\"no key\"}", "unauthorized", "the server said 401: {\"message\":\"no key\"}"],
    [429, "slow\u0007 down\r\nplease", "throttled", "the server said 429: slow down please"],
    [400, "<html><body><h1>Bad</h1>\n<p>request</p>", "status", "the server said 400: Bad request"],
    [302, "x".repeat(1000), "status", `the server said 302: ${"x".repeat(159)}…`],
    [500, `${"x".repeat(158)}😀${"y".repeat(9)}`, "status", `the server said 500: ${"x".repeat(158)}…`]
  ]
  for (const [status, body, reason, message] of errors) {
    it(`${status} ${JSON.stringify(body.slice(0, 40))}`, () => {
      const judged = verdict(reply(status, body))
      assert.isTrue("error" in judged)
      if ("error" in judged) {
        assert.deepStrictEqual(
          [judged.error.reason, judged.error.status, judged.error.message],
          [reason, status, message]
        )
      }
    })
  }

  it("says how long to wait after a 429 and a 503, and after nothing else", () => {
    for (const status of [429, 503, 500, 408, 425]) {
      const judged = verdict(reply(status, "", { "retry-after": "7" }))
      assert.deepStrictEqual("wait" in judged && judged.wait, Duration.seconds(7), String(status))
    }
    for (const status of [204, 404, 400, 501]) {
      assert.notProperty(verdict(reply(status, "", { "retry-after": "7" })), "wait")
    }
  })

  const nothingLeft = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1000 + 60) }
  const outOfQuota = "{\"message\":\"Out of call volume quota. Quota will be replenished in 00:03:24:10.\"}"
  const tooDear = JSON.stringify({
    errors: [{ message: "Throttled", extensions: { code: "THROTTLED" } }],
    extensions: {
      cost: {
        requestedQueryCost: 70,
        throttleStatus: { maximumAvailable: 1000, currentlyAvailable: 20, restoreRate: 50 }
      }
    }
  })

  it.each<[string, Reply, string | undefined]>([
    ["a 403 that names the limit in its words", reply(403, "{\"message\":\"API rate limit exceeded\"}"), undefined],
    ["GitHub's 403 with nothing remaining", reply(403, "{}", nothingLeft), "60 seconds"],
    ["a 403 that says when to come back", reply(403, "{}", { "retry-after": "7" }), "7 seconds"],
    ["a 403 that says in words when to come back", reply(403, outOfQuota), "12250 seconds"],
    ["PubChem's 503", reply(503, "", { "x-throttling-control": "Request Count status: Black (118%)" }), "1 minute"],
    ["GraphQL's 200 with too little left", reply(200, tooDear), "1 second"],
    ["GraphQL's 200 with no more than an error", reply(200, `{"errors":[{"type":"RATE_LIMITED"}]}`), undefined]
  ])("takes for throttled: %s", (_, given, wait) => {
    const judged = verdict(given)
    assert(judged.verdict === "throttled", judged.verdict)
    assert.deepStrictEqual(
      judged.wait,
      wait === undefined ? undefined : Duration.decode(wait as Duration.DurationInput)
    )
    assert.deepInclude(judged.error, { reason: "throttled", status: given.status })
  })

  it.each<[string, Reply, string]>([
    ["a 403 while something remains", reply(403, "{}", { ...nothingLeft, "x-ratelimit-remaining": "1" }), "failed"],
    ["a 403 that names no quota", reply(403, "Come again in 5 minutes"), "failed"],
    ["a 403 that names no wait", reply(403, "Quota exceeded"), "failed"],
    ["a 503 that is down for a while", reply(503, "", { "retry-after": "7" }), "retry"],
    ["a 500 with nothing remaining", reply(500, "", nothingLeft), "retry"],
    ["a 400 with nothing remaining", reply(400, "", nothingLeft), "invalid"],
    ["an answer that holds the word", reply(200, `{"state":"THROTTLED","errors":[{"extensions":{}}]}`), "found"],
    ["an answer that holds it as text", reply(200, JSON.stringify({ text: tooDear })), "found"],
    ["a page that holds it", reply(200, "<p>\"THROTTLED\"</p>"), "found"],
    ["a long answer with an error", reply(200, tooDear.padEnd(5000)), "found"]
  ])("does not take for throttled: %s", (_, given, kind) => {
    assert.strictEqual(verdict(given).verdict, kind)
  })

  it("hears a word on retrying, whatever the status", () => {
    for (const name of ["stripe-should-retry", "x-should-retry"]) {
      const say = (status: number, word: string) => verdict(reply(status, "", { [name]: word })).verdict
      for (const status of [400, 404, 409, 500, 501]) assert.strictEqual(say(status, "true"), "retry", String(status))
      for (const status of [429, 500, 503]) assert.strictEqual(say(status, "false"), "failed", String(status))
      assert.deepStrictEqual([say(429, "true"), say(404, "false"), say(500, "maybe")], [
        "throttled",
        "not_found",
        "retry"
      ])
    }
  })

  it("takes other statuses for throttled where it is told to", () => {
    const judge = (given: Reply) => Classify.reply(given, decode, { meaning: Classify.throttledOn([403, 503, 200]) })
    for (const status of [403, 503, 200, 429]) {
      const judged = judge(reply(status, "Try again in 5 seconds", { "x-rate-limit-interval": "1s" }))
      assert.deepInclude(judged, { verdict: "throttled", wait: Duration.seconds(5) }, String(status))
    }
    const crossref = { "x-rate-limit-limit": "50", "x-rate-limit-interval": "1s" }
    assert.deepInclude(judge(reply(403, "", crossref)), { verdict: "throttled", wait: Duration.seconds(1) })
    assert.deepInclude(judge(reply(503, "", { "retry-after": "7" })), { wait: Duration.seconds(7) })
    assert.strictEqual(judge(reply(500)).verdict, "retry")
    assert.strictEqual(judge(reply(404)).verdict, "not_found")
    assert.strictEqual(judge(reply(201)).verdict, "found")
    assert.deepStrictEqual(Classify.throttledOn([])(403), Classify.meaning(403))
  })
})

describe("Classify.failure", () => {
  const expected: Record<Reason, Verdict<unknown>["verdict"]> = {
    invalid_code: "invalid",
    timeout: "retry",
    deadline: "failed",
    dns: "retry",
    refused: "retry",
    tls: "retry",
    transport: "retry",
    protocol: "retry",
    local: "retry",
    status: "failed",
    unauthorized: "stop",
    quota: "stop",
    throttled: "throttled",
    redirect: "failed",
    decode: "retry",
    rule: "failed",
    too_large: "failed",
    error: "failed"
  }
  for (const reason of Reason.literals) {
    it(`${reason}: ${expected[reason]}`, () => {
      const error = new LookupError({ reason, message: "" })
      assert.strictEqual(Classify.failure(error).verdict, expected[reason])
    })
  }
})
