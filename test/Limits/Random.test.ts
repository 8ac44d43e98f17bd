import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as Limits from "../../src/Limits.ts"
import type { Reply } from "../../src/Reply.ts"
import { scale } from "../scale.ts"

const cases = scale(1_000, 20_000, 200_000)
const longest = Duration.toMillis("366 days")

/** What a server says, and what it means by it in milliseconds. */
interface Saying {
  readonly headers: Readonly<Record<string, string>>
  readonly status?: number
  readonly body?: string
  readonly wait?: number
  readonly window?: { readonly remaining: number; readonly reset: number }
}

/** mulberry32 */
const draws = (seed: number) => {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let drawn = Math.imul(state ^ (state >>> 15), 1 | state)
    drawn = (drawn + Math.imul(drawn ^ (drawn >>> 7), 61 | drawn)) ^ drawn
    return ((drawn ^ (drawn >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  const one = <A>(values: ReadonlyArray<A>): A => values[int(0, values.length - 1)]!
  /** From 1 to 10 to the power of so many, small ones as often as large ones. */
  const size = (digits: number) => Math.floor(10 ** (next() * digits))
  return { next, int, one, size }
}

type Draws = ReturnType<typeof draws>

const httpDate = (seconds: number, { one }: Draws): string => {
  const [weekday, day, month, year, time] = new Date(seconds * 1000).toUTCString().replace(",", "").split(" ")
  return one([
    `${weekday}, ${day} ${month} ${year} ${time} GMT`,
    `${weekday}day, ${day}-${month}-${year!.slice(2)} ${time} GMT`,
    `${weekday} ${month} ${day!.replace(/^0/, " ")} ${time} ${year}`,
    new Date(seconds * 1000).toISOString().replace(".000", one(["", ".000"])),
    new Date((seconds + 3600) * 1000).toISOString().replace("Z", "+01:00")
  ])
}

const goLength = (millis: number): string => {
  const seconds = millis / 1000
  if (seconds < 1) return `${millis}ms`
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = `${Math.round(millis % 60_000) / 1000}s`
  return hours > 0 ? `${hours}h${minutes}m${rest}` : minutes > 0 ? `${minutes}m${rest}` : rest
}

/** What each dialect may say, relative to a time in seconds since 1970. */
const speakers: Readonly<Record<keyof typeof Limits.dialects, (random: Draws, now: number) => Saying>> = {
  "retry-after": (random, now) => {
    const status = random.one([403, 408, 429, 500, 503])
    const seconds = random.size(7)
    const fraction = random.int(1, 999)
    return random.one([
      { status, wait: seconds * 1000, headers: { "retry-after": `${seconds}` } },
      {
        status,
        wait: seconds * 1000 + fraction,
        headers: { "retry-after": `${seconds}.${`${fraction}`.padStart(3, "0")}` }
      },
      { status, wait: seconds * 1000, headers: { "retry-after": httpDate(now + seconds, random) } }
    ])
  },
  ratelimit: (random) => {
    const windows = Array.from({ length: random.int(1, 4) }, () => ({
      remaining: random.one([0, random.size(6)]),
      reset: random.size(7) * 1000
    }))
    const window = windows.reduce((tight, next) =>
      next.remaining < tight.remaining || (next.remaining === tight.remaining && next.reset > tight.reset)
        ? next
        : tight
    )
    const status = random.one([200, 404, 429])
    if (windows.length === 1) {
      const dictionary = [`remaining=${window.remaining}`, `reset=${window.reset / 1000}`, "limit=100"]
        .sort(() => random.next() - 0.5)
      if (random.next() < 0.3) {
        return { status, window, headers: { ratelimit: dictionary.join(random.one([",", ", "])) } }
      }
    }
    const items = windows.map(({ remaining, reset }, index) => {
      const parameters = [`r=${remaining}`, `t=${reset / 1000}`, random.one(["pk=:YQ==:", "acme=\"a, b\"", "acme"])]
        .sort(() => random.next() - 0.5)
      return [`"policy ${index}"`, ...parameters].join(random.one([";", "; "]))
    })
    return { status, window, headers: { ratelimit: items.join(random.one([",", ", "])) } }
  },
  "ratelimit-headers": (random, now) => {
    const [remaining, seconds] = [random.one([0, random.size(6)]), random.size(7)]
    const [left, until] = random.one([
      ["ratelimit-remaining", "ratelimit-reset"],
      ["x-ratelimit-remaining", "x-ratelimit-reset"],
      ["x-rate-limit-remaining", "x-rate-limit-reset"],
      ["x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
      ["x-ratelimit-requests-remaining", "x-ratelimit-requests-reset"],
      ["anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"],
      ["x-ratelimit-remaining-minute", "x-ratelimit-reset-minute"]
    ])
    const [reset, written] = random.one<[number, string]>([
      [seconds * 1000, `${seconds}`],
      [seconds * 1000, `${now + seconds}`],
      [seconds * 1000, `${(now + seconds) * 1000}`],
      [seconds * 1000, httpDate(now + seconds, random)],
      [seconds, goLength(seconds)]
    ])
    return {
      status: random.one([200, 429]),
      window: { remaining, reset },
      headers: { [left!]: random.one([`${remaining}`, `${remaining}.0`]), [until!]: written }
    }
  },
  shopify: (random) => {
    const [size, used] = [random.size(3), random.size(3)]
    const remaining = Math.max(0, size - used)
    return {
      window: { remaining, reset: Math.max(1, remaining) * 20_000 / size },
      headers: { "x-shopify-shop-api-call-limit": `${used}/${size}` }
    }
  },
  "ip-api": (random) => {
    const [remaining, seconds] = [random.int(0, 45), random.int(1, 60)]
    return {
      status: random.one([200, 429]),
      window: { remaining, reset: seconds * 1000 },
      headers: { "x-rl": `${remaining}`, "x-ttl": `${seconds}` }
    }
  },
  pubchem: (random) => {
    const worst = random.one(["Red", "Black"])
    const colours = ["Green", random.one(["Green", "Yellow"]), worst].sort(() => random.next() - 0.5)
    const field = ["Request Count", "Request Time", "Service"]
      .map((what, index) => `${what} status: ${colours[index]} (${random.int(0, 200)}%)`).join(", ")
    return {
      status: random.one([200, 404, 503]),
      wait: worst === "Red" ? 10_000 : 60_000,
      headers: { "x-throttling-control": field }
    }
  },
  graphql: (random, now) => {
    const [cost, available] = [random.size(4), random.size(4)]
    const restoreRate = random.size(3)
    if (random.next() < 0.5) {
      const remaining = Math.floor(available / cost)
      const needed = remaining === 0 ? cost - available : remaining * cost
      const throttleStatus = { maximumAvailable: 10_000, currentlyAvailable: available, restoreRate }
      const errors = remaining === 0 ? { errors: [{ extensions: { code: "THROTTLED" } }] } : {}
      return {
        status: 200,
        window: { remaining, reset: needed / restoreRate * 1000 },
        headers: {},
        body: JSON.stringify({ ...errors, extensions: { cost: { requestedQueryCost: cost, throttleStatus } } })
      }
    }
    const seconds = random.size(4)
    const resetAt = new Date((now + seconds) * 1000).toISOString()
    return {
      status: 200,
      window: { remaining: Math.floor(available / cost), reset: seconds * 1000 },
      headers: {},
      body: JSON.stringify({ data: { rateLimit: { cost, remaining: available, resetAt } } })
    }
  },
  json: (random, now) => {
    const seconds = random.size(6)
    const [key, value] = random.one<[string, string | number]>([
      ["retry_after", seconds],
      ["retryAfter", `${seconds} seconds`],
      ["retry-after-ms", seconds * 1000],
      ["retryDelay", `${seconds}s`],
      ["nextAccessTime", httpDate(now + seconds, random)],
      ["resetAt", now + seconds]
    ])
    const body = random.one([{ [key]: value }, { error: { details: [{}, { [key]: value }] } }])
    return { status: random.one([403, 429, 500]), wait: seconds * 1000, headers: {}, body: JSON.stringify(body) }
  },
  relayed: (random, now) => {
    const { headers, status: _, ...said } = speakers[random.one(["retry-after", "ratelimit-headers"] as const)](
      random,
      now
    )
    const held = random.one([{ headers }, { metadata: { headers } }, { response: { headers } }])
    return { ...said, status: 429, headers: {}, body: JSON.stringify(random.one([held, { error: held }, [held]])) }
  },
  prose: (random) => {
    const two = (most: number) => `${random.int(0, most)}`.padStart(2, "0")
    const [days, hours, minutes, seconds] = [two(30), two(23), two(59), `${random.int(1, 59)}`.padStart(2, "0")]
    const clock = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
    const many = random.int(1, 500)
    const [wait, words] = random.one<[number, string]>([
      [
        Number(days) * 86_400_000 + clock,
        `Quota will be replenished in ${days}${random.one([":", "."])}${hours}:${minutes}:${seconds}`
      ],
      [clock, `Out of quota, try again in ${hours}:${minutes}:${seconds}.`],
      [many * 1000, `Rate limit is exceeded. Try again in ${many} seconds.`],
      [many * 60_000, `Too many requests, please wait ${many} minutes`],
      [many * 3_660_000, `Rate limit: retry after ${many} hours and ${many} minutes!`]
    ])
    const body = random.one([words, JSON.stringify({ message: words }), `<p>${words}</p>`])
    return { status: random.one([403, 429, 503]), wait, headers: {}, body }
  }
}

const names = Object.keys(speakers) as Array<keyof typeof speakers>
/** Those in which `0` is garbage: a window that is named needs nothing beside it to be told. */
const headers = [...new Set(Object.values(Limits.dialects).flatMap(({ headers }) => headers))]
  .filter((name) => !/-(?:second|minute|hour|day|month|daily-remaining|secondly-remaining)$/.test(name))

const never = [
  ..."-5,NaN,Infinity,-Infinity,1e3,0x10,0,0.0,-0,+5,5s5,null,undefined,true,soon,٣,１２,1 2,--,,;,\",\\,();r=0;t=5"
    .split(","),
  "\"default\";r=-1;t=5",
  "\"default\";r=5",
  "\"default;r=5;t=5",
  "limit=1, remaining=2",
  "Thu, 01 Jan 1970 00:00:00 GMT",
  "Sun, 99 Mar 2026 12:00:00 GMT",
  "2001-01-01T00:00:00Z",
  "2099-13-45T00:00:00Z",
  "Request Count status: Pink (0%)"
]

const letters = "abcxyz \t:;,=\"\\/()[]{}<>%*?@-_.äß€😀\u0000\u007f\ud800"

const garbage = (random: Draws): string =>
  random.next() < 0.5
    ? random.one(never)
    : Array.from({ length: random.int(0, 20) }, () => letters[random.int(0, letters.length - 1)]).join("")

/** Deletes, doubles or changes a character. */
const spoil = (text: string, random: Draws): string => {
  const at = random.int(0, text.length)
  const change = random.one(["", text.slice(at, at + 1).repeat(2), random.one([..."0159-.:;,= \"GTZxs"])])
  return text.slice(0, at) + change + text.slice(at + 1)
}

const spoiled = ({ body = "", headers, ...rest }: Saying, random: Draws): Saying => ({
  ...rest,
  body: spoil(body, random),
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, spoil(value, random)]))
})

/** What holds whatever was said. */
const check = (told: Limits.Told | undefined) => {
  if (told === undefined) return
  assert.isAbove(Object.keys(told).length, 0)
  for (const length of [told.wait, told.reset]) {
    if (length !== undefined) {
      const millis = Duration.toMillis(length)
      assert.isTrue(Number.isFinite(millis) && millis > 0 && millis <= longest, String(millis))
    }
  }
  assert.strictEqual(told.remaining === undefined, told.reset === undefined)
  if (told.remaining !== undefined) assert.isTrue(Number.isSafeInteger(told.remaining) && told.remaining >= 0)
}

/** No earlier than was meant, and not much later. */
const isAbout = (told: Duration.Duration | undefined, meant: number | undefined) => {
  const millis = told && Duration.toMillis(told)
  assert.strictEqual(millis === undefined, meant === undefined)
  if (millis === undefined || meant === undefined) return
  assert.isTrue(millis >= Math.min(meant - 1e-6, longest) && millis <= meant + 1, `${millis} for ${meant}`)
}

const start = Date.parse("2026-03-01T12:00:00Z") / 1000

describe("limits at random", () => {
  it(`${cases} replies: what is valid is heard, what is not is ignored, and a reader hears the same`, () => {
    const random = draws(20_260_301)
    const heard = Object.fromEntries(names.map((name) => [name, 0]))
    const read = Limits.reader()
    const replyOf = ({ body = "", headers, status = 200 }: Saying, now: number): Reply => ({
      status,
      body,
      header: (name) => headers[name],
      at: now * 1000
    })
    const readBoth = (saying: Saying, now: number) => {
      const reply = replyOf(saying, now)
      const told = Limits.read(reply)
      assert.strictEqual(JSON.stringify(read(reply)), JSON.stringify(told))
      check(told)
      const wait = told?.wait ?? (told?.remaining === 0 ? told.reset : undefined)
      assert.strictEqual(JSON.stringify(Limits.wait(reply)), JSON.stringify(wait))
      return told
    }
    for (const name of names) readBoth(speakers[name](random, start), start)

    for (let nth = 0; nth < cases; nth++) {
      const now = start + random.int(0, 1e8)
      const name = random.one(names)
      const said = speakers[name](random, now)
      const kind = random.int(0, 9)
      try {
        if (kind < 4) {
          // valid, by a clock that may go wrong, between what other dialects garble
          const drift = random.one([0, 0, random.int(-1e6, 1e6)])
          const date = drift === 0 ? {} : { date: httpDate(now, random) }
          const noise = Object.fromEntries(
            Array.from({ length: random.int(0, 3) }, () => [random.one(headers), garbage(random)])
          )
          const own = new Set<string>(Limits.dialects[name].headers)
          for (const header of Object.keys(noise)) if (own.has(header)) delete noise[header]
          const told = readBoth({ ...said, headers: { ...noise, ...said.headers, ...date } }, now + drift)
          isAbout(told?.wait, said.wait)
          isAbout(told?.reset, said.window?.reset)
          assert.strictEqual(told?.remaining, said.window?.remaining)
          heard[name]!++
        } else if (kind < 6) {
          // two at once: the tightest window, and the wait of the first that has one
          const other = speakers[random.one(names)](random, now)
          const both = { ...other, ...said, headers: { ...other.headers, ...said.headers } }
          const told = readBoth(both, now)
          if (name === "retry-after") isAbout(told?.wait, said.wait)
          if (said.window !== undefined) assert.isAtMost(told!.remaining!, said.window.remaining)
        } else if (kind < 8) {
          readBoth(spoiled(said, random), now)
        } else {
          const noise = Object.fromEntries(
            headers.filter(() => random.next() < 0.5).map((name) => [name, garbage(random)])
          )
          const status = random.one([200, 202, 301, 403, 404, 429, 500, 503])
          const told = readBoth({
            status,
            headers: { ...noise, age: garbage(random) },
            body: garbage(random)
          }, now)
          assert.isUndefined(told)
        }
      } catch (cause) {
        throw new Error(`case ${nth}, kind ${kind}: ${name} ${JSON.stringify(said)}`, { cause })
      }
    }
    for (const name of names) assert.isAbove(heard[name]!, cases / 50, name)
  })

  it.each([
    "1",
    "a",
    " ",
    "\"",
    "\\",
    ":",
    "(",
    "1h",
    "1.",
    "a=1,",
    "\"a\";r=1;t=1,",
    "Sun, 01 ",
    "{\"errors\":[",
    "in 1 ",
    "wait a ",
    "try again in 1 minute and ",
    "again again ",
    "Request Count status: ",
    "limit x x ",
    "%\"",
    "\u0000",
    "\ud800"
  ])("a value of %j without end is read too, and soon", (part) => {
    for (const before of ["", "throttleStatus THROTTLED quota "]) {
      const long = before + part.repeat(100_000 / part.length)
      for (const status of [200, 403, 429, 503]) {
        const told = Limits.read({ status, body: long, header: () => long, at: start * 1000 })
        assert.isUndefined(told?.remaining)
        check(told)
      }
    }
  })
})
