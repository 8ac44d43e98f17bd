import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import * as Job from "../src/Job.ts"

const settings = (written: unknown) => Either.getOrThrow(Job.decode(written))

describe("a job", () => {
  it("is settings in order, whatever the form in which it is written", () => {
    const read = settings({
      rollcall: "1",
      url: "https://api.example/{code}",
      file: "zips.csv",
      select: { city: "data.city" },
      header: ["Accept: text/csv"],
      data: { limit: 5, q: "{code}" },
      idempotent: "yes",
      hedge: false,
      rate: "50/s",
      "stop-when": "broke",
      rules: [{ "on-status": "402=stop" }, { "not-found-when": "!@" }, { "on-status": "5xx=retry" }]
    })
    assert.deepStrictEqual(read, [
      ["url", "https://api.example/{code}"],
      ["file", "zips.csv"],
      ["select", "city=data.city"],
      ["header", "Accept: text/csv"],
      ["data", `{"limit":5,"q":"{code}"}`],
      ["idempotent", "yes"],
      ["hedge", "false"],
      ["rate", "50/s"],
      ["stop-when", "broke"],
      ["on-status", "402=stop"],
      ["not-found-when", "!@"],
      ["on-status", "5xx=retry"]
    ])
    assert.deepStrictEqual(Object.keys(Job.encode(read))[0], "rollcall")
    assert.deepStrictEqual(
      settings(JSON.parse(JSON.stringify(Job.encode(read)))).toSorted(),
      [
        ...read.filter(([name]) => name !== "idempotent"),
        ["idempotent", "true"]
      ].toSorted()
    )
  })

  it("of today has no version, and needs none", () =>
    assert.deepStrictEqual(settings({ url: "u", retries: "0" }), [["url", "u"], ["retries", "0"]]))

  it("has typed values, and is written from them again", () => {
    const written = Job.encode([["rate", "50/s"], ["pad", "5"], ["carry", "a,b"], ["fresh", "yes"], [
      "concurrency",
      "auto"
    ]])
    const job = Schema.decodeSync(Job.Job)(written)
    assert.deepInclude(job, { rollcall: 1, pad: 5, carry: ["a", "b"], fresh: true, concurrency: "auto" })
    assert.deepStrictEqual(Schema.encodeSync(Job.Job)(job), written)
  })
})

describe("what is kept of a job", () => {
  const secret = "s3cr3t-0a1b2c3d4e5f"
  const environment = { API_KEY: secret, SHORT: "x" }
  const cases: ReadonlyArray<readonly [name: string, text: string, kept: string]> = [
    ["header", `Authorization: Bearer ${secret}`, "Authorization: Bearer ${API_KEY}"],
    ["header", "X-Api-Key: 0123456789abcdef", "X-Api-Key: ${X_API_KEY}"],
    ["header", "X-Api-Key: ${KEY}", "X-Api-Key: ${KEY}"],
    ["header", "Accept: text/csv", "Accept: text/csv"],
    [
      "url",
      "https://api.example/{code}?lang=en&token=0123456789abcdef",
      "https://api.example/{code}?lang=en&token=${TOKEN}"
    ],
    ["url", "https://me:hunter2@api.example/{code}", "https://me:${PASSWORD}@api.example/{code}"],
    ["url", "https://api.example/{code}{?zip}", "https://api.example/{code}{?zip}"],
    ["data", `{"api_key":"0123456789abcdef","q":"{code}"}`, `{"api_key":"\${API_KEY}","q":"{code}"}`],
    ["data", "@body.json", "@body.json"],
    ["ledger", "postgres://me:hunter2@db/rolls", "postgres://me:${PGPASSWORD}@db/rolls"],
    ["output", "postgres://me:${PW}@db/rolls", "postgres://me:${PW}@db/rolls"],
    ["file", "0123456789abcdef.csv", "0123456789abcdef.csv"]
  ]
  it.each(cases)(
    "of %s %s",
    (name, text, kept) =>
      assert.deepStrictEqual(settings(Job.kept([[name, text]], name === "data" ? {} : environment)), [[name, kept]])
  )

  it("has a name for each secret, and the same for the same", () =>
    assert.deepStrictEqual(
      settings(Job.kept([
        ["header", "X-Key: 0123456789abcdef"],
        ["header", "X-Key: fedcba9876543210"],
        ["url", "https://api.example/{code}?key=0123456789abcdef"]
      ])),
      [
        ["header", "X-Key: ${X_KEY}"],
        ["header", "X-Key: ${X_KEY_2}"],
        ["url", "https://api.example/{code}?key=${X_KEY}"]
      ]
    ))

  it("is nothing of what one run alone was about", () =>
    assert.deepStrictEqual(
      settings(Job.kept([["fresh", "true"], ["redo", "failed"], ["url", "u"], ["quiet", "true"]])),
      [["url", "u"]]
    ))
})
