import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as Limits from "../src/Limits.ts"
import * as Lookup from "../src/Lookup.ts"
import type { Reply } from "../src/Reply.ts"

const now = Date.parse("2026-03-01T12:00:00Z")

/** A reply as it goes over the wire: its headers are lines. */
const reply = (lines: string, status = 200, body = ""): Reply => {
  const headers = new Map(
    lines.split("\n").filter((line) => line.includes(":")).map((line) => {
      const at = line.indexOf(":")
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()]
    })
  )
  return { status, body, header: (name) => headers.get(name), names: () => [...headers.keys()], at: now }
}

/** A reply that does not tell the names of its headers. */
const nameless = ({ names: _, ...given }: Reply): Reply => given

/** What is told, in seconds. */
type Said = {
  readonly wait?: number
  readonly remaining?: number
  readonly reset?: number
  readonly isThrottled?: boolean
}

const inSeconds = ({ isThrottled, remaining, reset, wait }: Limits.Told): Said => ({
  ...(wait === undefined ? {} : { wait: Duration.toSeconds(wait) }),
  ...(remaining === undefined ? {} : { remaining }),
  ...(reset === undefined ? {} : { reset: Duration.toSeconds(reset) }),
  ...(isThrottled === undefined ? {} : { isThrottled })
})

const read = (given: Reply): Said | undefined => {
  const told = Limits.read(given)
  return told === undefined ? undefined : inSeconds(told)
}

const wait = (given: Reply): number | undefined => {
  const told = Limits.wait(given)
  return told === undefined ? undefined : Duration.toSeconds(told)
}

const left = (remaining: number, reset: number): Said => ({ remaining, reset })

const epoch = now / 1000

describe("Retry-After", () => {
  it.each<[value: string, seconds: number | undefined, date?: string]>([
    ["1", 1],
    [" 120 ", 120],
    ["0.5", 0.5],
    ["1.25", 1.25],
    ["0.0000001", 0.001],
    ["86400", 86_400],
    ["2592000", 2_592_000],
    ["0", undefined],
    ["0.0", undefined],
    ["-1", undefined],
    ["+1", undefined],
    ["", undefined],
    ["soon", undefined],
    ["1s", 1],
    ["3 seconds", 3],
    ["1500ms", 1.5],
    ["1m30s", 90],
    ["1 minute, 30 seconds", 90],
    ["2 Hours and 5 Min", 7500],
    ["PT1M30S", 90],
    ["1e3", undefined],
    ["0x10", undefined],
    [".5", undefined],
    ["1.", undefined],
    ["1, 5", 5],
    ["7,soon,-3", 7],
    ["3, Sun, 01 Mar 2026 12:00:30 GMT, 2", 30],
    ["Sunday, 01-Mar-26 12:00:30 GMT, Sun Mar  1 12:00:40 2026", 40],
    ["soon, later", undefined],
    ["\"5\"", undefined],
    ["Infinity", undefined],
    ["NaN", undefined],
    ["null", undefined],
    ["٣", undefined],
    ["Sun, 01 Mar 2026 12:00:30 GMT", 30],
    ["Sunday, 01-Mar-26 12:00:30 GMT", 30],
    ["Sun Mar  1 12:00:30 2026", 30],
    ["2026-03-01T12:00:30Z", 30],
    ["2026-03-01T13:00:30.500+01:00", 30.5],
    ["Sun, 01 Mar 2026 11:59:59 GMT", undefined],
    ["Sun, 01 Mar 2026 12:00:00 GMT", undefined],
    ["Sunday, 06-Nov-94 08:49:37 GMT", undefined],
    ["Sun, 01 Mar 2026 12:00:30", 30],
    ["Sun, 1 Mar 2026 12:00:30 GMT", 30],
    ["Sun, 01 Mar 2026 12:00:30 +0000", 30],
    ["Sun, 01 Mar 2026 13:00:30 +0100", 30],
    ["Sun, 01 Mar 2026 07:00:30 EST", 30],
    ["Sun Mar 01 2026 13:00:30 GMT+0100 (Central European Standard Time)", 30],
    ["2026-03-01T12:00:30", 30],
    ["2026-03-01 12:00:30", 30],
    ["2026-03-01T12:00:30+0000", 30],
    ["2026-03-01 10:00:30-02", 30],
    ["2026-Mar-01 12:00:30+0000 UTC", 30],
    ["Sun, 01 Mar 2026 12:00:30 CET", undefined],
    ["2026-02-30T12:00:30Z", undefined],
    ["2026-13-01T12:00:30Z", undefined],
    ["2026-03-01T25:00:30Z", undefined],
    // since 1970
    [`${epoch + 3}`, 3],
    [`${epoch + 3}.5`, 3.5],
    [`${now + 3000}`, 3],
    [`${epoch - 3}`, undefined],
    [`${epoch + 33}`, 3, "Sun, 01 Mar 2026 12:00:30 GMT"],
    ["Sun, 32 Mar 2026 12:00:30 GMT", undefined],
    ["Sun, 01 Xyz 2026 12:00:30 GMT", undefined],
    ["Sunday 2030", undefined],
    ["Mon Tue 5", undefined],
    ["2030-01-01", undefined],
    // the server's own clock counts where it tells it
    ["Sun, 01 Mar 2026 12:00:30 GMT", 20, "Sun, 01 Mar 2026 12:00:10 GMT"],
    ["Thu, 01 Jan 1970 00:01:00 GMT", 60, "Thu, 01 Jan 1970 00:00:00 GMT"],
    ["Sun, 01 Mar 2026 12:00:30 GMT", undefined, "Sun, 01 Mar 2026 12:00:40 GMT"],
    ["Sun, 01 Mar 2026 12:00:30 GMT", 30, "garbage"],
    ["5", 5, "garbage"],
    // what is beyond all reason is no hint
    ["31622400", 31_622_400],
    ["31622401", undefined],
    ["99999999999", undefined],
    ["9".repeat(400), undefined],
    ["Fri, 31 Dec 9999 23:59:59 GMT", undefined],
    ["9999-12-31T23:59:59Z", undefined]
  ])("%j is %j s at %j", (value, seconds, date) => {
    const given = reply(`Retry-After: ${value}${date === undefined ? "" : `\nDate: ${date}`}`, 429)
    assert.strictEqual(wait(given), seconds)
    assert.deepStrictEqual(read(given), seconds === undefined ? undefined : { wait: seconds })
  })

  it("is no matter of everybody's where the reply is no refusal", () => {
    for (const status of [200, 202, 301, 400, 401, 404, 413]) {
      assert.isUndefined(read(reply("Retry-After: 7", status)), String(status))
    }
    for (const status of [408, 425, 429, 500, 502, 503, 599]) {
      assert.deepStrictEqual(read(reply("Retry-After: 7", status)), { wait: 7 }, String(status))
    }
    for (const status of [402, 403]) {
      assert.deepStrictEqual(read(reply("Retry-After: 7", status)), { wait: 7, isThrottled: true }, String(status))
    }
  })

  it.each<[lines: string, seconds: number | undefined]>([
    ["retry-after-ms: 3000", 3],
    ["x-ms-retry-after-ms: 3000", 3],
    ["Retry-After: 4\nretry-after-ms: 3200", 3.2],
    ["Retry-After: 4\nretry-after-ms: soon", 4],
    ["Retry-After: 4\nX-Retry-After: 6", 6],
    ["X-Retry-After: 3", 3],
    ["X-RateLimit-Retry-After: 3", 3],
    ["X-Rate-Limit-Retry-After-Seconds: 3", 3],
    ["Acme_Retry_After: 3", 3],
    ["retry_after: 3", 3],
    ["X-Retry-After-Count: 3", undefined],
    ["X-No-Retry-Afterwards: 3", undefined]
  ])("is heard in other names: %j", (lines, seconds) => {
    assert.strictEqual(wait(reply(lines, 429)), seconds)
  })

  it("is longer than a timer can be", () => {
    const told = Limits.wait(reply("Retry-After: 2592000", 503))
    assert.deepStrictEqual(told, Duration.days(30))
    assert.isAbove(Duration.toMillis(told!), 2 ** 31)
  })
})

/** One example of each dialect, as the API's own documentation has it. */
const documented: Readonly<Record<keyof typeof Limits.dialects, ReadonlyArray<readonly [string, Reply, Said]>>> = {
  "retry-after": [
    ["RFC 9110, 10.2.3", reply("Retry-After: 120", 503), { wait: 120 }],
    [
      "draft-ietf-httpapi-ratelimit-headers-11, B.1.4",
      reply(
        `Date: Mon, 05 Aug 2019 09:27:00 GMT
         Retry-After: Mon, 05 Aug 2019 09:27:05 GMT
         RateLimit: "default";r=0;t=5`,
        429
      ),
      { wait: 5, remaining: 0, reset: 5 }
    ],
    [
      "learn.microsoft.com, quota policy: a 403 with Retry-After",
      reply("Retry-After: 300", 403),
      { wait: 300, isThrottled: true }
    ]
  ],
  ratelimit: [
    ["draft-ietf-httpapi-ratelimit-headers-11, 4.2", reply(`RateLimit: "default";r=50;t=30`), left(50, 30)],
    [
      "draft-ietf-httpapi-ratelimit-headers-11, B.2.3",
      reply(`RateLimit-Policy: "dynamic";q=15;w=20\nRateLimit: "dynamic";r=0;t=20`, 429),
      left(0, 20)
    ],
    [
      "draft-ietf-httpapi-ratelimit-headers-11, B.3",
      reply(`Retry-After: 20\nRateLimit-Policy: "dynamic";q=100;w=60\nRateLimit: "dynamic";r=15;t=40`, 429),
      { wait: 20, remaining: 15, reset: 40 }
    ],
    [
      "draft-ietf-httpapi-ratelimit-headers-07, 3.5",
      reply("RateLimit-Policy: 100;w=10\nRateLimit: limit=100, remaining=50, reset=5"),
      left(50, 5)
    ]
  ],
  "ratelimit-headers": [
    [
      "draft-ietf-httpapi-ratelimit-headers-03",
      reply("RateLimit-Limit: 100\nRateLimit-Remaining: 50\nRateLimit-Reset: 50"),
      left(50, 50)
    ],
    [
      "docs.gitlab.com, User and IP rate limits",
      reply(
        `Date: Tue, 05 Jan 2021 10:59:30 GMT
         RateLimit-Limit: 60
         RateLimit-Name: throttle_authenticated_web
         RateLimit-Observed: 67
         RateLimit-Remaining: 0
         RateLimit-Reset: 1609844400
         Retry-After: 30`,
        429
      ),
      { wait: 30, remaining: 0, reset: 30 }
    ],
    [
      "docs.github.com, Rate limits for the REST API",
      reply(
        `Date: Tue, 20 Aug 2013 14:50:41 GMT
         X-RateLimit-Limit: 60
         X-RateLimit-Remaining: 0
         X-RateLimit-Reset: 1377013266`,
        403,
        "{\"message\":\"API rate limit exceeded for xxx.xxx.xxx.xxx.\"}"
      ),
      { remaining: 0, reset: 3025, isThrottled: true }
    ],
    [
      "docs.discord.com, Rate Limits",
      reply(
        `Retry-After: 65
         X-RateLimit-Limit: 10
         X-RateLimit-Remaining: 0
         X-RateLimit-Reset: 1470173023.123
         X-RateLimit-Reset-After: 64.57
         X-RateLimit-Bucket: abcd1234`,
        429
      ),
      { wait: 65, ...left(0, 64.57) }
    ],
    [
      "platform.openai.com, Rate limits",
      reply(
        `x-ratelimit-limit-requests: 60
         x-ratelimit-limit-tokens: 150000
         x-ratelimit-remaining-requests: 59
         x-ratelimit-remaining-tokens: 149984
         x-ratelimit-reset-requests: 1s
         x-ratelimit-reset-tokens: 6m0s`
      ),
      left(59, 1)
    ],
    [
      "docs.x.com, Rate limits",
      reply(`x-rate-limit-limit: 900\nx-rate-limit-remaining: 0\nx-rate-limit-reset: ${epoch + 900}`, 429),
      left(0, 900)
    ],
    [
      "docs.anthropic.com, Rate limits",
      reply(
        `anthropic-ratelimit-requests-limit: 50
         anthropic-ratelimit-requests-remaining: 49
         anthropic-ratelimit-requests-reset: 2026-03-01T12:00:01Z
         anthropic-ratelimit-input-tokens-remaining: 0
         anthropic-ratelimit-input-tokens-reset: 2026-03-01T12:00:03Z
         anthropic-ratelimit-output-tokens-remaining: 8000
         anthropic-ratelimit-output-tokens-reset: 2026-03-01T12:00:09Z`
      ),
      left(0, 3)
    ],
    [
      "www.crossref.org, Access and authentication, Request limits",
      reply("x-rate-limit-limit: 50\nx-rate-limit-interval: 1s", 429),
      left(0, 1)
    ],
    [
      "api-dashboard.search.brave.com, Rate limiting",
      reply(
        `X-RateLimit-Limit: 1, 15000
         X-RateLimit-Policy: 1;w=1, 15000;w=2592000
         X-RateLimit-Remaining: 0, 1000
         X-RateLimit-Reset: 3, 1419704`
      ),
      left(0, 3)
    ],
    [
      "developers.hubspot.com, API usage guidelines",
      reply(
        `X-HubSpot-RateLimit-Daily: 250000
         X-HubSpot-RateLimit-Daily-Remaining: 249999
         X-HubSpot-RateLimit-Interval-Milliseconds: 3000
         X-HubSpot-RateLimit-Remaining: 0
         X-HubSpot-RateLimit-Max: 100`
      ),
      left(0, 3)
    ]
  ],
  shopify: [
    [
      "shopify.dev, REST Admin API rate limits",
      reply("X-Shopify-Shop-Api-Call-Limit: 32/40"),
      left(8, 4)
    ]
  ],
  "ip-api": [["ip-api.com/docs/unban", reply("X-Rl: 0\nX-Ttl: 60"), left(0, 60)]],
  pubchem: [
    [
      "pubchemdocs.ncbi.nlm.nih.gov/dynamic-request-throttling",
      reply(
        "X-Throttling-Control: Request Count status: Green (0%), Request Time status: Green (0%), Service status: Green (20%)",
        503
      ),
      { isThrottled: true }
    ],
    [
      "the same, with the limit exceeded",
      reply(
        "X-Throttling-Control: Request Count status: Black (118%), Request Time status: Green (0%), Service status: Green (20%)",
        503
      ),
      { wait: 60, isThrottled: true }
    ]
  ],
  graphql: [
    [
      "shopify.dev, API limits: a query that is throttled",
      reply(
        "",
        200,
        `{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED",
           "documentation":"https://shopify.dev/api/usage/rate-limits"}}],
         "extensions":{"cost":{"requestedQueryCost":202,"actualQueryCost":null,
           "throttleStatus":{"maximumAvailable":1000.0,"currentlyAvailable":118,"restoreRate":50.0}}}}`
      ),
      { remaining: 0, reset: 1.68, isThrottled: true }
    ],
    [
      "docs.github.com, Rate limits and query limits for the GraphQL API",
      reply(
        "",
        200,
        `{"data":{"viewer":{"login":"octocat"},
          "rateLimit":{"limit":5000,"cost":1,"remaining":4999,"used":1,"resetAt":"2026-03-01T13:00:00Z"}}}`
      ),
      left(4999, 3600)
    ]
  ],
  json: [
    [
      "docs.discord.com, Rate Limits",
      reply("", 429, `{"message":"You are being rate limited.","retry_after":64.57,"global":false}`),
      { wait: 64.57 }
    ],
    [
      "cloud.google.com, Errors: RetryInfo and ErrorInfo",
      reply(
        "",
        429,
        `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[
          {"@type":"type.googleapis.com/google.rpc.ErrorInfo","metadata":{"quotaResetDelay":"373.801628ms"}},
          {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3.25s"}]}}`
      ),
      { wait: 3.25 }
    ],
    [
      "apim.docs.wso2.com, Throttling",
      reply(
        "",
        429,
        `{"fault":{"code":900800,"message":"Message throttled out","nextAccessTime":"2026-Mar-01 12:00:03+0000 UTC"}}`
      ),
      { wait: 3 }
    ]
  ],
  relayed: [
    [
      "openrouter.ai, Limits",
      reply(
        "",
        429,
        `{"error":{"message":"Rate limit exceeded: free-models-per-min. ","code":429,"metadata":{"headers":{
          "X-RateLimit-Limit":"20","X-RateLimit-Remaining":"0","X-RateLimit-Reset":"${now + 3000}"},
          "provider_name":null}},"user_id":"user_1"}`
      ),
      left(0, 3)
    ]
  ],
  prose: [
    [
      "www.metadapi.com: the wait is dd:hh:mi:ss",
      reply(
        "",
        403,
        `{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 00:03:24:10"}`
      ),
      { wait: 12_250, isThrottled: true }
    ],
    [
      "learn.microsoft.com, Error handling in API Management policies",
      reply("", 429, `{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 26 seconds." }`),
      { wait: 26 }
    ],
    [
      "django-rest-framework.org, Throttling",
      reply("", 429, `{"detail":"Request was throttled. Expected available in 86400 seconds."}`),
      { wait: 86_400 }
    ]
  ]
}

describe.each(Object.entries(Limits.dialects))("the dialect %s", (name, dialect) => {
  it("has its own name, and asks for headers in lower case", () => {
    assert.strictEqual(dialect.name, name)
    for (const header of dialect.headers) assert.strictEqual(header, header.toLowerCase())
  })

  it.each(documented[name as keyof typeof documented])("reads what is documented: %s", (_, given, expected) => {
    assert.deepStrictEqual(read(given), expected)
    assert.isDefined(dialect.read(given))
    assert.deepStrictEqual(Limits.reader()(given), Limits.read(given))
    assert.deepStrictEqual(read(nameless(given)), expected)
  })

  it("looks at no other header than it says", () => {
    const said = new Set([...dialect.headers, "date", "age"])
    for (const [, given] of documented[name as keyof typeof documented]) {
      dialect.read({
        ...nameless(given),
        header: (name) => {
          assert.include([...said], name)
          return given.header(name)
        }
      })
    }
  })

  it("says nothing where there is nothing", () => {
    for (const status of [200, 403, 429, 500, 503]) assert.isUndefined(dialect.read(reply("", status)))
  })
})

describe("RateLimit", () => {
  it.each<[field: string, expected: Said | undefined, policy?: string]>([
    [`"default";r=50;t=30`, left(50, 30)],
    [` "default" ; r=50`, undefined],
    [`"100-in-15min"; r=99; t=900; pk=:ZTVkNzQwMDc5NjY0:`, left(99, 900)],
    [`"default";r=0;t=30`, left(0, 30)],
    [`"burst";r=9;t=1, "daily";r=100;t=36000`, left(9, 1)],
    [`"burst";r=9;t=1,"daily";r=5;t=36000`, left(5, 36_000)],
    [`"burst";r=0;t=1, "daily";r=0;t=36000`, left(0, 36_000)],
    [`"a \\"quoted\\" name";r=1;t=2`, left(1, 2)],
    [`"default";acme-note="x;t=9";acme;r=1;t=2;acme-rate=0.5`, left(1, 2)],
    [`"default";r=5;r=1;t=2`, left(1, 2)],
    [`"default";r=999999999999999;t=999999999999999`, undefined],
    // of one policy there may be no more to say
    [`"default";r=999;pk=:dHJpYWwxMjEzMjM=:`, undefined],
    [`"default";r=0`, undefined],
    [`"default";r=50;t=0`, undefined],
    [`"daily";r=0, "burst";r=3;t=4`, left(3, 4)],
    // malformed: ignored as a whole
    ["", undefined],
    [`default;r=50;t=30`, undefined],
    [`"default`, undefined],
    [`"default";r=50;t`, undefined],
    [`"default";r="50";t=30`, undefined],
    [`"default";r=50;t="30"`, undefined],
    [`"default";r=-1;t=30`, undefined],
    [`"default";r=50;t=-30`, undefined],
    [`"default";r=50.0;t=30`, undefined],
    [`"default";r=50;t=0.5`, undefined],
    [`"default";r=1e3;t=30`, undefined],
    [`"default";R=50;T=30`, undefined],
    [`"default";t=30`, undefined],
    [`"default";r=50;t=30,`, undefined],
    [`"default";r=50;t=30;`, undefined],
    [`,"default";r=50;t=30`, undefined],
    [`"default";r=50;t=30 "other";r=1;t=1`, undefined],
    [`"default" r=50 t=30`, undefined],
    [`("default");r=50;t=30`, undefined],
    [`"default";r=50;t=30, "other";r=x;t=1`, undefined],
    [`"default";r=50;t=30, "other";t=1`, undefined],
    [`"default";r=50;t=30, "other";r=60;t=0.5`, undefined],
    [`"default";r=50;t=9999999999999999`, undefined],
    [`"défault";r=50;t=30`, undefined],
    [`50`, undefined],
    // what is counted
    [`"bytes";r=300000000;t=60`, undefined, `"bytes";q=1000000000;qu="content-bytes";w=60`],
    [`"bytes";r=0;t=60`, left(0, 60), `"bytes";q=1000000000;qu="content-bytes";w=60`],
    [`"calls";r=7;t=60, "bytes";r=3;t=60`, left(7, 60), `"calls";q=9;w=60, "bytes";q=10;qu="content-bytes"`],
    [`"calls";r=7;t=60`, left(7, 60), `"calls";q=9;qu="requests";w=60`],
    [`"at once";r=0;t=60`, undefined, `"at once";q=9;qu="concurrent-requests"`],
    [`"bytes";r=3;t=60`, left(3, 60), `"bytes";q=10;qu="content-bytes`],
    // the early form
    ["limit=100, remaining=50, reset=5", left(50, 5)],
    ["limit=100,remaining=0,reset=5", left(0, 5)],
    ["limit=10;w=1, remaining=5;note=\"x\", reset=7", left(5, 7)],
    ["limit=100, reset=5", undefined],
    ["remaining=50, reset=5", undefined],
    ["limit=100, remaining=50", undefined],
    ["limit=100, remaining=50, reset=0", undefined],
    ["limit=100, remaining=-1, reset=5", undefined],
    ["limit=100, remaining=50, reset=-5", undefined],
    ["limit=100, remaining=50, reset=5s", undefined],
    ["limit=100; remaining=50; reset=5", undefined],
    ["limit=100, remaining, reset=5", undefined]
  ])("%j is %j by %j", (field, expected, policy = "") => {
    assert.deepStrictEqual(read(reply(`RateLimit: ${field}\nRateLimit-Policy: ${policy}`)), expected)
  })

  it("need not say that nothing remains when it refuses, in its early form", () => {
    assert.deepStrictEqual(read(reply("RateLimit: limit=100, reset=5", 429)), left(0, 5))
  })
})

describe("RateLimit-Remaining, X-RateLimit-Remaining and X-Rate-Limit-Remaining", () => {
  it.each<[remaining: string, reset: string, expected: Said | undefined, date?: string]>([
    ["50", "30", left(50, 30)],
    [" 50 ", " 30 ", left(50, 30)],
    ["598.0", "325", left(598, 325)],
    ["5", "0.25", left(5, 0.25)],
    ["0", "30", left(0, 30)],
    ["50", `${epoch + 30}`, left(50, 30)],
    ["50", `${epoch + 30}.5`, left(50, 30.5)],
    ["50", `${now + 30_500}`, left(50, 30.5)],
    ["50", "Sun, 01 Mar 2026 12:00:30 GMT", left(50, 30)],
    ["50", "2026-03-01T12:00:30Z", left(50, 30)],
    ["50", "2026-03-01T14:00:30+02:00", left(50, 30)],
    ["50", "6m0s", left(50, 360)],
    ["50", "120ms", left(50, 0.12)],
    ["50", "1s", left(50, 1)],
    ["50", "1h2m3.5s", left(50, 3723.5)],
    ["50", "2d", left(50, 172_800)],
    ["50", "8.64s", left(50, 8.64)],
    ["50", `${epoch + 30}`, left(50, 20), "Sun, 01 Mar 2026 12:00:10 GMT"],
    ["50", `${now + 30_000}`, left(50, 20), "Sun, 01 Mar 2026 12:00:10 GMT"],
    ["50", "2026-03-01T12:00:30Z", left(50, 20), "Sun, 01 Mar 2026 12:00:10 GMT"],
    ["50", "30", left(50, 30), "Sun, 01 Mar 2026 12:00:10 GMT"],
    ["50", "2592000", left(50, 2_592_000)],
    ["50", "30 seconds", left(50, 30)],
    ["50", "30, 30", left(50, 30)],
    ["5, 3", "30", left(3, 30)],
    ["0, 1000", "3, 1419704", left(0, 3)],
    ["1, 0", "3, 1419704", left(0, 1_419_704)],
    ["0, 0", "Sun, 01 Mar 2026 12:00:03 GMT, Sun, 01 Mar 2026 12:00:09 GMT", left(0, 9)],
    ["0", "Sun Mar 01 2026 12:00:03 GMT+0000 (Coordinated Universal Time)", left(0, 3)],
    // no hint
    ["50", "0", undefined],
    ["50", "", undefined],
    ["50", "-30", undefined],
    ["50", "NaN", undefined],
    ["50", "soon", undefined],
    ["50", "800000000", undefined],
    ["50", `${epoch + 1e9}`, undefined],
    ["50", "9".repeat(400), undefined],
    ["-1", "-1", undefined],
    ["50", "0s", undefined],
    ["50", "1s1m", undefined],
    ["50", "m", undefined],
    ["50", `${epoch}`, undefined],
    ["50", `${epoch - 1}`, undefined],
    ["50", `${now - 1}`, undefined],
    ["50", "1000000000", undefined],
    ["50", "Sun, 01 Mar 2026 11:59:59 GMT", undefined],
    ["", "30", undefined],
    ["-1", "30", undefined],
    ["unlimited", "30", undefined],
    ["NaN", "30", undefined],
    ["1e3", "30", undefined],
    ["9".repeat(16), "30", undefined]
  ])("%j and %j are %j at %j", (remaining, reset, expected, date = "") => {
    for (const prefix of ["RateLimit", "X-RateLimit", "X-Rate-Limit"]) {
      const lines = `${prefix}-Limit: 100\n${prefix}-Remaining: ${remaining}\n${prefix}-Reset: ${reset}\nDate: ${date}`
      assert.deepStrictEqual(read(reply(lines)), expected, prefix)
    }
  })

  it.each<[lines: string, expected: Said | undefined, status?: number]>([
    ["X-RateLimit-Remaining: 5", undefined],
    ["X-RateLimit-Remaining: 0", undefined, 429],
    ["X-RateLimit-Reset: 30", undefined],
    ["X-RateLimit-Reset: 30", left(0, 30), 429],
    ["X-RateLimit-Reset: 30", undefined, 503],
    ["X-RateLimit-Remaining: garbage\nX-RateLimit-Reset: 30", undefined, 429],
    ["X-RateLimit-Remaining: 3\nX-RateLimit-Reset: 30", left(3, 30), 429],
    ["X-RateLimit-Remaining: 3\nX-RateLimit-Reset-After: 1.5", left(3, 1.5)],
    [`X-RateLimit-Remaining: 3\nX-RateLimit-Reset-After: 1.5\nX-RateLimit-Reset: ${epoch + 2}`, left(3, 1.5)],
    [`X-RateLimit-Remaining: 3\nX-RateLimit-Reset-After: garbage\nX-RateLimit-Reset: ${epoch + 2}`, left(3, 2)],
    ["X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30", { ...left(0, 30), isThrottled: true }, 403],
    ["X-RateLimit-Remaining: 1\nX-RateLimit-Reset: 30", left(1, 30), 403],
    ["RateLimit-Remaining: 0\nRateLimit-Reset: 30", { ...left(0, 30), isThrottled: true }, 403],
    ["RateLimit: \"default\";r=0;t=30", { ...left(0, 30), isThrottled: true }, 403],
    [
      "Retry-After: 7\nX-RateLimit-Remaining: 1\nX-RateLimit-Reset: 30",
      { wait: 7, ...left(1, 30), isThrottled: true },
      403
    ],
    // of several windows the tightest
    ["RateLimit-Remaining: 7\nRateLimit-Reset: 1\nX-RateLimit-Remaining: 5\nX-RateLimit-Reset: 30", left(5, 30)],
    ["RateLimit-Remaining: 0\nRateLimit-Reset: 60\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30", left(0, 60)],
    ["RateLimit: \"a\";r=4;t=9\nRateLimit-Remaining: 7\nRateLimit-Reset: 1", left(4, 9)],
    // the words in any order, and hyphens as good as underscores
    ["x-ratelimit-requests-remaining: 0\nx-ratelimit-requests-reset: 3", left(0, 3)],
    ["X_RateLimit_Remaining: 0\nX_RateLimit_Reset: 3", left(0, 3)],
    ["RateLimit-Remaining: 0\nRateLimit-ResetTime: Sun, 01 Mar 2026 12:00:03 GMT", left(0, 3)],
    ["RateLimit-ResetTime: Sun, 01 Mar 2026 12:00:03 GMT", left(0, 3), 429],
    ["X-RateLimit-Next: 2026-03-01T12:00:03Z", left(0, 3), 429],
    ["X-RateLimit-Remaining: 0\nX-RateLimit-Reset-Ms: 3000", left(0, 3)],
    ["X-Acme-RateLimit-Remaining: 0\nX-Acme-RateLimit-Reset: 3", left(0, 3)],
    // a window that is named ends by itself, unless it is told when
    ["X-RateLimit-Remaining-Second: 0", left(0, 1)],
    ["X-RateLimit-Remaining-Minute: 0", left(0, 60)],
    ["X-RateLimit-Remaining-Hour: 0", left(0, 3600)],
    ["X-RateLimit-Remaining-Day: 0", left(0, 86_400)],
    ["X-RateLimit-Remaining-Minute: 0\nX-RateLimit-Remaining-Hour: 7", left(0, 60), 429],
    ["X-RateLimit-Remaining-Minute: 0\nX-RateLimit-Reset-Minute: 7", left(0, 7)],
    ["X-RateLimit-Remaining-Minute: 0\nRateLimit-Remaining: 0\nRateLimit-Reset: 7", left(0, 7)],
    ["X-RateLimit-Remaining-Minute: 0\nRetry-After: 7", { wait: 7, ...left(0, 60) }, 429],
    ["X-RateLimit-Remaining-Concurrent: 0\nX-RateLimit-Reset-Concurrent: 7", undefined],
    ["X-HubSpot-RateLimit-Remaining: 0\nX-HubSpot-RateLimit-Interval-Milliseconds: 3000", left(0, 3), 429],
    ["anthropic-ratelimit-tokens-remaining: 0\nanthropic-ratelimit-tokens-reset: 2026-03-01T12:00:03Z", left(0, 3)],
    // tokens are no calls
    ["x-ratelimit-remaining-tokens: 5\nx-ratelimit-reset-tokens: 6m0s", undefined],
    ["x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 6m0s", left(0, 360)],
    ["x-ratelimit-reset-tokens: 6m0s", undefined, 429],
    [
      "x-ratelimit-remaining-requests: 9\nx-ratelimit-reset-requests: 120ms\n" +
      "x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 6m0s",
      left(0, 360)
    ],
    // an answer out of a cache tells what was
    ["X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30\nAge: 12", undefined],
    ["X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30\nAge: 0", left(0, 30)],
    ["X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30\nAge: 12", left(0, 30), 429]
  ])("%j is %j by a %j", (lines, expected, status) => {
    assert.deepStrictEqual(read(reply(lines, status)), expected)
  })

  it("are read as if it were no earlier than 2001", () => {
    const early = { ...reply("X-RateLimit-Remaining: 5\nX-RateLimit-Reset: 60"), at: 0 }
    assert.deepStrictEqual(read(early), left(5, 60))
  })
})

describe("the dialects of one API", () => {
  const colours = (count: string, time: string, service: string) =>
    `X-Throttling-Control: Request Count status: ${count} (0%), Request Time status: ${time} (9%), Service status: ${service} (100%)`

  it.each<[what: string, Reply, expected: Said | undefined]>([
    ["ip-api with some left", reply("X-Rl: 44\nX-Ttl: 58"), left(44, 58)],
    ["ip-api's refusal", reply("X-Rl: 0\nX-Ttl: 17", 429), left(0, 17)],
    ["ip-api without a time", reply("X-Rl: 0"), undefined],
    ["ip-api with no time", reply("X-Rl: 0\nX-Ttl: 0"), undefined],
    ["ip-api with garbage", reply("X-Rl: many\nX-Ttl: 10"), undefined],
    ["Crossref's answer", reply("X-Rate-Limit-Limit: 50\nX-Rate-Limit-Interval: 1s"), undefined],
    ["Crossref's minute", reply("X-Rate-Limit-Limit: 50\nX-Rate-Limit-Interval: 1m0s", 429), left(0, 60)],
    ["Crossref's number", reply("X-Rate-Limit-Limit: 50\nX-Rate-Limit-Interval: 2", 429), left(0, 2)],
    ["Crossref's garbage", reply("X-Rate-Limit-Limit: 50\nX-Rate-Limit-Interval: often", 429), undefined],
    ["Shopify's full bucket", reply("X-Shopify-Shop-Api-Call-Limit: 40/40"), left(0, 0.5)],
    ["Shopify's larger one", reply("X-Shopify-Shop-Api-Call-Limit: 80/80", 429), left(0, 0.25)],
    ["Shopify's garbage", reply("X-Shopify-Shop-Api-Call-Limit: all"), undefined],
    ["Shopify's nothing", reply("X-Shopify-Shop-Api-Call-Limit: 0/0"), undefined],
    ["PubChem at ease", reply(colours("Green", "Green", "Green")), undefined],
    ["PubChem at work", reply(colours("Yellow", "Green", "Yellow")), undefined],
    ["PubChem nearly full", reply(colours("Red", "Yellow", "Green")), { wait: 10 }],
    ["PubChem busy", reply(colours("Green", "Green", "Red")), { wait: 10 }],
    ["PubChem full", reply(colours("Red", "Black", "Green")), { wait: 60 }],
    ["PubChem overloaded", reply(colours("Green", "Green", "Black"), 503), { wait: 60, isThrottled: true }],
    ["PubChem with Retry-After", reply(`${colours("Black", "Red", "Red")}\nRetry-After: 5`, 503), {
      wait: 5,
      isThrottled: true
    }],
    ["PubChem in colours of its own", reply(colours("Pink", "Grey", "Blue"), 503), undefined],
    // the European Patent Office has colours by service, and who knows which one was asked
    ["another's header", reply("X-Throttling-Control: idle (retrieval=black:0, search=yellow:20)", 503), undefined]
  ])("%s", (_, given, expected) => {
    assert.deepStrictEqual(read(given), expected)
  })
})

describe("a dialect of one's own", () => {
  const slow: Limits.Dialect = {
    name: "slow",
    headers: ["x-slow"],
    read: (reply) => {
      const seconds = Number(reply.header("x-slow"))
      return seconds > 0 ? { wait: Duration.seconds(seconds), isThrottled: true } : undefined
    }
  }

  it.each<[lines: string, known: ReadonlyArray<Limits.Dialect>, wait: number | undefined]>([
    ["X-Slow: 7", [slow], 7],
    ["X-Slow: 7", Limits.standard, undefined],
    ["Retry-After: 3", [slow], undefined],
    ["X-Slow: 7\nRetry-After: 3", [slow, ...Limits.standard], 7],
    ["X-Slow: 7\nRetry-After: 3", [...Limits.standard, slow], 3]
  ])("%j", (lines, known, wait) => {
    const given = reply(lines, 403)
    const told = Limits.wait(given, known)
    assert.strictEqual(told && Duration.toSeconds(told), wait)
    assert.deepStrictEqual(Limits.reader(known)(given), Limits.read(given, known))
    const { verdict, ...rest } = Lookup.http({ url: "https://h/{code}", dialects: known }).read(given)
    assert.strictEqual(verdict, wait === undefined ? "failed" : "throttled")
    if ("wait" in rest) assert.deepStrictEqual(rest.wait, told)
  })
})

describe("GraphQL", () => {
  const cost = (requestedQueryCost: unknown, currentlyAvailable: unknown, restoreRate: unknown) => ({
    extensions: {
      cost: { requestedQueryCost, throttleStatus: { maximumAvailable: 1000, currentlyAvailable, restoreRate } }
    }
  })
  const points = (rateLimit: unknown) => ({ data: { rateLimit } })
  const resetAt = "2026-03-01T12:01:00Z"

  it.each<[what: string, body: unknown, expected: Said | undefined]>([
    ["the bucket is full", cost(10, 1000, 50), left(100, 20)],
    ["there is just enough", cost(100, 100, 50), left(1, 2)],
    ["there is too little", cost(101, 100, 50), left(0, 0.02)],
    ["there is nothing", cost(10, 0, 0.5), left(0, 20)],
    ["all will take for ever", cost(1e300, 0, 1e-300), undefined],
    ["there is more than a number can hold", cost(1e-300, 1e300, 1), left(Number.MAX_SAFE_INTEGER, 0.001)],
    ["nothing is restored", cost(10, 0, 0), undefined],
    ["it costs nothing", cost(0, 100, 50), undefined],
    ["there is less than nothing", cost(10, -5, 50), undefined],
    ["they are texts", cost("10", "5", "50"), undefined],
    ["they are missing", cost(undefined, null, undefined), undefined],
    ["points", points({ cost: 1, remaining: 4999, resetAt }), left(4999, 60)],
    ["points for a query that costs more", points({ cost: 30, remaining: 100, resetAt }), left(3, 60)],
    ["points without the cost", points({ remaining: 7, resetAt }), left(7, 60)],
    ["points for nothing", points({ cost: 0, remaining: 7, resetAt }), left(7, 60)],
    ["no points", points({ cost: 1, remaining: 0, resetAt }), left(0, 60)],
    ["points until what has passed", points({ cost: 1, remaining: 0, resetAt: "2026-03-01T11:00:00Z" }), undefined],
    ["points until whenever", points({ cost: 1, remaining: 0, resetAt: "later" }), undefined],
    ["points that are no numbers", points({ cost: 1, remaining: "0", resetAt }), undefined],
    ["another's rateLimit", { rateLimit: { remaining: 0, resetAt } }, undefined],
    ["THROTTLED", { errors: [{ extensions: { code: "THROTTLED" } }] }, { isThrottled: true }],
    ["RATE_LIMITED by its type", { data: null, errors: [{ type: "RATE_LIMITED" }] }, { isThrottled: true }],
    ["RATE_LIMITED by its code", { errors: [{}, { extensions: { code: "RATE_LIMITED" } }] }, { isThrottled: true }],
    ["THROTTLED and too little", { ...cost(60, 10, 50), errors: [{ extensions: { code: "THROTTLED" } }] }, {
      ...left(0, 1),
      isThrottled: true
    }],
    ["THROTTLED as data", { data: { state: "THROTTLED" }, errors: [] }, undefined],
    ["THROTTLED as a message", { errors: ["THROTTLED", null, { message: "THROTTLED" }] }, undefined]
  ])("%s", (_, body, expected) => {
    const text = JSON.stringify(body)
    assert.deepStrictEqual(read(reply("", 200, text)), expected)
    assert.deepStrictEqual(read(reply("", 200, JSON.stringify(body, undefined, 2))), expected)
    for (const status of [201, 404, 500]) assert.isUndefined(read(reply("", status, text)), String(status))
  })

  it("is not looked for where its words are missing, nor found where there is no JSON", () => {
    const given = reply("", 200, "{\"throttleStatus")
    assert.isUndefined(read(given))
    for (const body of ["\"throttleStatus\"", "{\"throttleStatus\":", "[\"THROTTLED\"]", "null \"rateLimit\""]) {
      assert.isUndefined(read(reply("", 200, body)), body)
    }
  })
})

describe("prose", () => {
  it.each<[body: string, seconds: number | undefined]>([
    ["Quota will be replenished in 00:03:24:10", 12_250],
    ["Quota will be replenished in 01:00:00:00.", 86_400],
    ["Out of call volume quota. Quota will be replenished in 5.03:23:11.", 444_191],
    ["Out of call volume quota. Quota will be replenished in 00:30:02.", 1802],
    ["Out of call volume quota. Quota will be replenished in 2.12 days.", 183_168],
    ["Rate limit is exceeded. Try again in 1 seconds.", 1],
    ["Rate limit exceeded. Please try again in 5 minutes.", 300],
    ["Rate limit exceeded, retry in 1 minute", 60],
    ["Rate limit exceeded, please try again in an hour", 3600],
    ["Rate limit reached for requests. Please try again in 20s. Visit https://example.com/1", 20],
    ["Rate limit reached. Please try again in 6m0s.", 360],
    ["Rate limit reached. Please try again in 120ms.", 0.12],
    ["Quota exceeded. Please retry in 17.063525297s.", 17.064],
    ["Quota exceeded. Retry after 30 seconds", 30],
    ["Too many requests: wait 2 hours, 5 minutes and 3 seconds", 7503],
    ["Too many requests, wait at least 2 hrs 5 mins", 7500],
    ["Too many requests. Wait 00:05:00", 300],
    ["You have exceeded a secondary rate limit. Please wait a few minutes before you try again.", 60],
    ["The rate limit resets in about 10 sec", 10],
    ["Your quota renews in 3 days", 259_200],
    ["TOO MANY REQUESTS. TRY AGAIN LATER, IN 3 WEEKS. OR TRY AGAIN IN 3 WEEKS", 1_814_400],
    ["Rate limit: try again in\n\t30\u00a0seconds", 30],
    ["You have exceeded your quota. You can access API after 2026-Mar-01 12:00:03+0000 UTC", 3],
    ["Too many requests: blocked, retry after Sun, 01 Mar 2026 12:00:03 GMT.", 3],
    ["Quota exceeded; it resets at 2026-03-01T12:00:03Z", 3],
    ["Rate limit exceeded. Retry after 37 seconds or later", 37],
    ["Quota: try again in 99999999 days", undefined],
    // no hint
    ["", undefined],
    ["Quota exceeded.", undefined],
    ["Rate limit exceeded. Try again later.", undefined],
    ["Rate limit exceeded. Try again in 0 seconds.", undefined],
    ["Rate limit exceeded. Try again in -5 seconds.", undefined],
    ["Rate limit exceeded. Try again in 5.", undefined],
    ["Rate limit exceeded. Try again in 5 months.", undefined],
    ["Rate limit exceeded. Try again in a moment.", undefined],
    ["Quota will be replenished in 00:00:00:00", undefined],
    ["Quota will be replenished in 00:99:00", undefined],
    ["Quota will be replenished in 1:2:3:4:5", undefined],
    ["Quota will be replenished in 01:02:03:04:05", undefined],
    ["Your quota is available after 12:00:00", undefined],
    ["You made 100 requests in 60 seconds: too many requests", undefined],
    ["Your quota has to wait as long as it takes", undefined],
    [`${" ".repeat(4096)}Rate limit exceeded. Try again in 5 seconds.`, undefined]
  ])("%j is %j s", (body, seconds) => {
    const said = seconds === undefined ? undefined : { wait: seconds }
    assert.deepStrictEqual(read(reply("", 429, body)), said)
    for (const status of [402, 403, 500, 503]) {
      assert.deepStrictEqual(read(reply("", status, body)), said && { ...said, isThrottled: true }, String(status))
    }
    for (const status of [200, 202, 400, 404]) assert.isUndefined(read(reply("", status, body)), String(status))
  })

  it("of GitHub's secondary limits means a minute", () => {
    for (
      const body of [
        "You have triggered an abuse detection mechanism. Please retry your request again later.",
        "You have exceeded a secondary rate limit."
      ]
    ) {
      assert.deepStrictEqual(read(reply("", 429, body)), { wait: 60 })
      assert.deepStrictEqual(read(reply("", 403, JSON.stringify({ message: body }))), { wait: 60, isThrottled: true })
      assert.isUndefined(read(reply("", 500, body)))
      assert.deepStrictEqual(read(reply("Retry-After: 3", 403, body)), { wait: 3, isThrottled: true })
    }
  })

  it("of something else than a limit is a wait, and no refusal for asking too much", () => {
    for (const status of [403, 429, 503]) {
      assert.deepStrictEqual(read(reply("", status, "Down for repair, try again in 5 minutes")), { wait: 300 })
    }
  })

  it("gives way to Retry-After", () => {
    assert.deepStrictEqual(read(reply("Retry-After: 7", 429, "Try again in 5 minutes")), { wait: 7 })
  })
})

describe("JSON", () => {
  it.each<[body: unknown, seconds: number | undefined]>([
    [{ retry_after: 3 }, 3],
    [{ retryAfter: 3 }, 3],
    [{ "Retry-After": "3" }, 3],
    [{ retry_after_ms: 3000 }, 3],
    [{ retryAfterMs: 3000 }, 3],
    [{ error: { retry_after_seconds: 3 } }, 3],
    [{ errors: [{ retry_after: 2 }, { extensions: { retryAfter: "3s" } }] }, 3],
    [{ fault: { detail: { retryIn: "3 seconds" } } }, 3],
    [{ parameters: { retry_after: 3 } }, 3],
    [{ error: { details: [{ retryDelay: "3.250000001s" }] } }, 3.251],
    [{ error: { details: [{ metadata: { quotaResetDelay: "3250.8ms" } }] } }, 3.251],
    [{ rateLimitNextRequest: "2026-03-01T12:00:03 Z" }, 3],
    [{ reset_at: epoch + 3 }, 3],
    [{ retry_after: 3, reset_at: epoch + 300 }, 3],
    [{ retry_after: 0 }, undefined],
    [{ retry_after: -3 }, undefined],
    [{ retry_after: null }, undefined],
    [{ retry_after: true }, undefined],
    [{ retry_after: [3] }, undefined],
    [{ retry_after: 1e300 }, undefined],
    [{ data: { retry_after: 3 } }, undefined],
    [{ retry_after_count: 3 }, undefined],
    ["retry_after", undefined]
  ])("%j is %j s", (body, seconds) => {
    const text = JSON.stringify(body)
    const said = seconds === undefined ? undefined : { wait: seconds }
    for (const status of [408, 425, 429, 500, 503]) {
      assert.deepStrictEqual(read(reply("", status, text)), said, String(status))
    }
    assert.deepStrictEqual(read(reply("", 403, text)), said && { ...said, isThrottled: true })
    for (const status of [200, 202, 400]) assert.isUndefined(read(reply("", status, text)), String(status))
  })

  it("gives way to Retry-After, and is no matter where it is none or too deep", () => {
    assert.deepStrictEqual(read(reply("Retry-After: 7", 429, "{\"retry_after\":3}")), { wait: 7 })
    for (const body of ["{\"retry_after\":3", `${"{\"error\":".repeat(2000)}{"retry_after":3}${"}".repeat(2000)}`]) {
      assert.isUndefined(read(reply("", 429, body)))
    }
  })
})

describe("headers in a body", () => {
  const remaining = { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3" }

  it.each<[body: unknown, said: Said | undefined]>([
    [{ headers: { "Retry-After": "3" } }, { wait: 3 }],
    [{ headers: { "retry-after": ["2", "3"] } }, { wait: 3 }],
    [{ error: { headers: { "Retry-After-Ms": 3000 } } }, { wait: 3 }],
    [{ error: { response: { headers: { "Retry-After": "Sun, 01 Mar 2026 12:00:03 GMT" } } } }, { wait: 3 }],
    [{ errors: [{ metadata: { response_headers: remaining } }] }, left(0, 3)],
    [{ error: { metadata: remaining } }, left(0, 3)],
    [{ error: { rate_limit: { "ratelimit-remaining": 0, "ratelimit-reset": 3 } } }, left(0, 3)],
    [{ headers: { RateLimit: "\"default\";r=0;t=3" } }, left(0, 3)],
    [{ headers: { "X-Rl": "0", "X-Ttl": "3" } }, left(0, 3)],
    [
      { headers: { Date: "Sun, 01 Mar 2026 11:00:00 GMT", ...remaining, "X-RateLimit-Reset": epoch - 3597 } },
      left(0, 3)
    ],
    [{ headers: { ...remaining, "X-RateLimit-Remaining": "5" } }, left(5, 3)],
    [{ retry_after: 7, headers: remaining }, { wait: 7, ...left(0, 3) }],
    [{ headers: { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1741305600000" } }, undefined],
    [{ headers: { "Retry-After": "soon" } }, undefined],
    [{ headers: { "Retry-After": { seconds: 3 } } }, undefined],
    [{ headers: ["Retry-After: 3"] }, undefined],
    [{ data: { headers: remaining } }, undefined],
    [{ headers: null, message: "rate limit" }, undefined]
  ])("%j is heard", (body, said) => {
    const text = JSON.stringify(body)
    for (const status of [429, 503]) assert.deepStrictEqual(read(reply("", status, text)), said, String(status))
    assert.isUndefined(read(reply("", 200, text)))
    const told = read(reply("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30", 429, text))
    assert.strictEqual(told?.reset, 30)
  })

  it("gives way to those above it", () => {
    assert.deepStrictEqual(read(reply("Retry-After: 7", 429, `{"headers":{"Retry-After":"3"}}`)), { wait: 7 })
  })

  it("refuses for asking too much where the status does not say so", () => {
    const told = read(reply("", 403, JSON.stringify({ error: { headers: remaining } })))
    assert.deepStrictEqual(told, { ...left(0, 3), isThrottled: true })
  })
})

describe("Limits.wait", () => {
  it.each<[what: string, Reply, seconds: number | undefined]>([
    ["what is told", reply("Retry-After: 7\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30", 429), 7],
    ["until the reset where nothing remains", reply("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30", 429), 30],
    ["the same of a server in trouble", reply("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30", 503), 30],
    ["nothing where something remains", reply("X-RateLimit-Remaining: 1\nX-RateLimit-Reset: 30", 429), undefined],
    ["until the reset after no hint", reply("Retry-After: 0\nRateLimit: \"a\";r=0;t=3", 429), 3],
    ["nothing", reply("", 429), undefined]
  ])("is %s", (_, given, seconds) => {
    assert.strictEqual(wait(given), seconds)
  })
})

describe("Limits.reader", () => {
  /** A reply that counts what is asked of it. */
  const spied = (lines: string, status = 200) => {
    const given = reply(lines, status)
    const asked: Array<string> = []
    return {
      asked,
      reply: {
        ...given,
        header: (name: string) => {
          asked.push(name)
          return given.header(name)
        }
      }
    }
  }

  const some = "X-RateLimit-Remaining: 5\nX-RateLimit-Reset: 30"

  it("asks a silent server no more after the first replies, but now and then", () => {
    const read = Limits.reader()
    const looked: Array<number> = []
    for (let nth = 1; nth <= 300; nth++) {
      const { asked, reply } = spied("")
      assert.isUndefined(read(reply))
      if (asked.length > 0) looked.push(nth)
    }
    assert.deepStrictEqual(looked, [...Array.from({ length: 32 }, (_, index) => index + 1), 256])
  })

  it("listens to errors, and to what it has heard once", () => {
    const read = Limits.reader()
    for (let nth = 1; nth <= 40; nth++) assert.isUndefined(read(reply("")))
    assert.isUndefined(read(reply(some)))
    assert.isDefined(read(reply(some, 404)))
    const { asked, reply: later } = spied(some)
    assert.deepStrictEqual(inSeconds(read(later)!), left(5, 30))
    assert.notInclude(asked, "ratelimit")
    assert.notInclude(asked, "x-throttling-control")
  })

  it("finds out that a server has begun to speak", () => {
    const read = Limits.reader()
    for (let nth = 1; nth <= 255; nth++) read(reply(""))
    for (let nth = 256; nth <= 300; nth++) assert.isDefined(read(reply(some)), String(nth))
  })

  it("knows a server by its headers before there is anything to tell", () => {
    const read = Limits.reader()
    const colours = (colour: string) => reply(`X-Throttling-Control: Request Count status: ${colour} (0%)`)
    for (let nth = 1; nth <= 40; nth++) assert.isUndefined(read(colours("Green")))
    assert.deepStrictEqual(inSeconds(read(colours("Red"))!), { wait: 10 })
  })

  it("says what a single reading says, whatever was heard first", () => {
    const read = Limits.reader()
    const replies = Object.values(documented).flat().map(([, given]) => given)
    for (const given of [...replies, ...replies.toReversed()]) {
      assert.deepStrictEqual(read(given), Limits.read(given))
    }
  })
})
