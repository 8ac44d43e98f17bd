import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Address from "../../../src/Ledger/Postgres/Address.ts"

const parse = (text: string) => Address.parse(Redacted.make(text))

describe("Address", () => {
  it.effect.each<readonly [text: string, name: string, url: string, schema?: string]>([
    ["postgres://u:p@h/db", "postgres://h:5432/db?schema=rollcall", "postgres://u:p@h/db"],
    ["postgresql://h:6432/a%20b", "postgres://h:6432/a%20b?schema=rollcall", "postgresql://h:6432/a%20b"],
    [
      "postgres://u:p%40%2F@h/db?schema=Some_1-2&application_name=x",
      "postgres://h:5432/db?schema=Some_1-2",
      "postgres://u:p%40%2F@h/db?application_name=x",
      "Some_1-2"
    ],
    [
      "postgres://u:p@/db?host=/run/pg&port=6000",
      "postgres://%2Frun%2Fpg:6000/db?schema=rollcall",
      "postgres://u:p@localhost/db?host=/run/pg&port=6000"
    ],
    [
      "postgres:///db?user=u&password=p&sslkey=/home/u/key",
      "postgres://localhost:5432/db?schema=rollcall",
      "postgres:///db?user=u&password=p&sslkey=/home/u/key"
    ],
    // as pg takes it
    [
      "postgres://h/db?sslmode=require",
      "postgres://h:5432/db?schema=rollcall",
      "postgres://h/db?sslmode=verify-full"
    ],
    [
      "postgres://h/db?sslmode=require&uselibpqcompat=true",
      "postgres://h:5432/db?schema=rollcall",
      "postgres://h/db?sslmode=require&uselibpqcompat=true"
    ]
  ])("takes %s", ([text, name, url, schema = "rollcall"]) =>
    Effect.gen(function*() {
      const address = yield* parse(text)
      assert.deepStrictEqual({ ...address, url: decodeURIComponent(Redacted.value(address.url)) }, {
        name,
        schema,
        url: decodeURIComponent(url)
      })
    }))

  it.effect.each([
    "",
    "zips.ledger",
    "https://h/db",
    "postgres://u:se/cret@h/db",
    "postgres://u:1/secret@h/db",
    "postgres://u:1?secret@h/db",
    "postgres://u:1#secret@h/db",
    "postgres://u:secret@/x@h/db"
  ])("refuses %s, and shows nothing of it", (text) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(parse(text))
      assert.deepInclude(error, { reason: "Open", ledger: "the ledger's URL", message: Address.notOne })
      assert.isUndefined(error.cause)
    }))

  it.effect.each(["pg_toast", "a\"b", "1a", "", "x".repeat(64)])(
    "refuses the schema %s",
    (schema) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(parse(`postgres://u:secret@h/db?schema=${schema}`))
        assert.strictEqual(error.reason, "Open")
        assert.match(error.message, /^a schema's name has up to 63 letters/)
      })
  )

  it.effect("says where the driver connects to, also where its variables tell that", () =>
    Effect.gen(function*() {
      const variables = { PGHOST: "db.example", PGPORT: "6432", PGDATABASE: "zips" }
      const before = { ...process.env }
      Object.assign(process.env, variables)
      const names = yield* Effect.forEach(["postgres://", "postgres://h/", "postgres://h:1/d"], (text) =>
        Effect.map(parse(text), ({ name }) => name))
      for (const name of Object.keys(variables)) {
        if (before[name] === undefined) {
          delete process.env[name]
        } else process.env[name] = before[name]
      }
      assert.deepStrictEqual(names, [
        "postgres://db.example:6432/zips?schema=rollcall",
        "postgres://h:6432/zips?schema=rollcall",
        "postgres://h:1/d?schema=rollcall"
      ])
    }))
})
