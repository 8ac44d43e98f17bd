import { PgClient } from "@effect/sql-pg"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, Layer, Redacted, type Scope } from "effect"
import { build } from "esbuild"
import { rmSync } from "node:fs"
import { createRequire } from "node:module"
import { type AddressInfo, connect, createServer } from "node:net"
import { hostname } from "node:os"
import { join, resolve } from "node:path"
import { inspect } from "node:util"
import { Ledger, LedgerError } from "../../src/Ledger.ts"
import * as Postgres from "../../src/Ledger/Postgres.ts"
import * as Statements from "../../src/Ledger/Postgres/Statements.ts"
import * as Command from "../command.ts"
import { fresh, isThere, nameOf, query, url } from "../schema.ts"
import { answer, enroll, entries, list, pending, rows, settle, short } from "./fixture.ts"

const test = (what: string, effect: Effect.Effect<void, unknown, Scope.Scope>) => it.scopedLive(what, () => effect)

/** Opens the ledger until the scope closes. */
const open = (url: Redacted.Redacted) => Effect.map(Layer.build(Postgres.layer(url)), Context.get(Ledger))

/** Opens and closes it. */
const openOnce = (url: Redacted.Redacted) => Effect.scoped(Effect.asVoid(open(url)))

const codes = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`)

/** The statements that find what holds a ledger's lock, and what waits for another one. */
const holderOf = (url: Redacted.Redacted) => `
  select pid from pg_locks where locktype = 'advisory' and objsubid = 1
    and (classid::bigint << 32) | objid::bigint = hashtextextended('rollcall ${nameOf(url)}', 0)`

/** Ends the connection that holds the ledger's lock, as the server's end or its administrator would. */
const terminate = (url: Redacted.Redacted) =>
  query(`select pg_terminate_backend(pid, 5000) from (${holderOf(url)}) held`)

/** A program that holds the ledger. It is bundled once: a loader of TypeScript would take seconds at each start. */
const hold = (url: Redacted.Redacted) =>
  Effect.flatMap(holding, (file) =>
    Command.start([], {
      cwd: process.cwd(),
      env: { LEDGER: Redacted.value(url) },
      program: [process.execPath, file]
    }))

/** Packages are found from there. */
const bundles = resolve("node_modules/.hold", String(process.pid))
afterAll(() => rmSync(bundles, { recursive: true, force: true }))

const holding = Effect.runSync(Effect.cached(Effect.promise(async () => {
  const outfile = join(bundles, "hold.mjs")
  await build({
    entryPoints: [resolve("test/Ledger/hold.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile,
    logLevel: "silent"
  })
  return outfile
})))

/** What keeps a statement waiting until it is undone. */
const inTheWay = (text: string) =>
  Effect.gen(function*() {
    const client = Context.get(
      yield* Layer.build(PgClient.layer({ url: url(() => {}), maxConnections: 1, connectTimeout: "1 minute" })),
      PgClient.PgClient
    )
    yield* client.unsafe("begin")
    yield* client.unsafe(text)
    return client.unsafe("rollback")
  })

/** Waits until a statement waits for another one's end. */
const untilBlocked = (url: Redacted.Redacted): Effect.Effect<unknown> =>
  Effect.repeat(query(`select 1 from pg_locks where not granted and pid in (${holderOf(url)})`), {
    until: (rows) => rows.length > 0
  })

describe.skipIf(!isThere)("Postgres", () => {
  test(
    "goes on where an earlier program stopped",
    Effect.gen(function*() {
      const url = yield* fresh
      yield* Effect.provide(
        Effect.zipRight(enroll(entries(["a", "b", "a"]), { outputs: ["out"] }), settle(["a"])),
        Postgres.layer(url)
      )
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        assert.strictEqual(ledger.name, yield* Postgres.name(url))
        assert.deepInclude((yield* ledger.lists)[0]!, { ...list(3, { outputs: ["out"] }), host: hostname() })
        assert.deepStrictEqual(yield* pending(10), ["b"])
        assert.deepStrictEqual((yield* rows()).map(short), ["1 a: \"a\"", "2 b: null", "3 a again: \"a\""])
        assert.strictEqual((yield* Effect.flip(ledger.begin({ url: "another" }))).reason, "Mismatch")
      }).pipe(Effect.provide(Postgres.layer(url)))
    })
  )

  test(
    "keeps keys that no index holds, and half characters",
    Effect.gen(function*() {
      const odd = ["\ud800", "\ud801", "\u0000", "\u0001", "\u00010000"]
      // such that compression is no help
      let seed = 1
      const long = Array.from({ length: 4_096 }, () => String.fromCodePoint(0x1_0000 + (seed = seed * 48_271 % 65_521)))
      const all = [...odd, long.join(""), `${long.join("")}x`]
      yield* enroll(entries([...all, ...all])).pipe(
        Effect.zipRight(settle(all)),
        Effect.zipRight(rows()),
        Effect.tap((found) => {
          assert.deepStrictEqual(found.map(({ key }) => key), [...all, ...all])
          assert.deepStrictEqual(found.map(({ body }) => body), [...all, ...all].map((code) => `"${code}"`))
          assert.strictEqual(found.filter(({ isRepeat }) => isRepeat).length, all.length)
        }),
        Effect.zipRight(Effect.flatMap(Ledger, (ledger) => ledger.known(all))),
        Effect.tap((known) => assert.deepStrictEqual(known, new Set(all))),
        Effect.provide(Postgres.layer(yield* fresh))
      )
    })
  )

  describe.concurrent("one run at a time", () => {
    test(
      "holds it, and others are told who",
      Effect.gen(function*() {
        const url = yield* fresh
        yield* Effect.scoped(Effect.gen(function*() {
          yield* open(url)
          const error = yield* Effect.flip(openOnce(url))
          assert.deepInclude(error, { _tag: "LedgerError", reason: "Busy" })
          const who = `another run holds it \\(process ${process.pid} on ${hostname()}, since 20..-..-..T..:..:..Z\\)`
          assert.match(error.message, new RegExp(`^${who}: wait for its end$`))
          assert.deepInclude(yield* Postgres.holder(url), { pid: process.pid, host: hostname() })
          assert.strictEqual((yield* Effect.flip(Postgres.remove(url))).reason, "Busy")
          // another schema is another ledger
          yield* openOnce(yield* fresh)
        }))
        assert.isUndefined(yield* Postgres.holder(url))
        yield* openOnce(url)
      })
    )

    test(
      "and one that was killed is no obstacle",
      Effect.gen(function*() {
        const url = yield* fresh
        const running = yield* hold(url)
        yield* Command.until(() => running.said() !== "")
        assert.strictEqual(running.said(), "held\n")
        assert.strictEqual((yield* Effect.flip(openOnce(url))).reason, "Busy")
        yield* Effect.repeat(query(`select from "${nameOf(url)}".outcome limit 1`), {
          until: ({ length }) => length > 0
        })
        running.process.kill("SIGKILL")
        yield* running.ended
        const ledger = yield* open(url)
        const all = (yield* ledger.rows(0, 0, 50_000)).map(({ outcome }) => outcome)
        const recorded = all.indexOf(null)
        assert.isAbove(recorded, 0)
        assert.isTrue(all.slice(recorded).every((outcome) => outcome === null), "in the order of recording")
      })
    )

    test(
      "of several that begin a ledger at once one makes it",
      Effect.gen(function*() {
        const url = yield* fresh
        const running = yield* Effect.replicateEffect(hold(url), 2)
        yield* Command.until(() => running.every(({ said }) => said() !== ""))
        const said = running.map(({ said }) => said()).sort()
        assert.match(said[0]!, /^another run holds it/)
        assert.strictEqual(said[1], "held\n")
      })
    )

    test(
      "goes on where its connection was lost, unless another run has held it since",
      Effect.gen(function*() {
        const url = yield* fresh
        const ledger = yield* open(url)
        const id = yield* Effect.provideService(enroll(entries(codes(3))), Ledger, ledger)
        yield* ledger.record(id, [answer(1)])
        yield* terminate(url)
        yield* ledger.record(id, [answer(2)])
        assert.deepStrictEqual((yield* ledger.answered(0, 10)).map(({ question }) => question), [1, 2])
        yield* terminate(url)
        yield* openOnce(url)
        const error = yield* Effect.flip(ledger.record(id, [answer(3)]))
        assert.strictEqual(error.reason, "Busy")
        assert.match(error.message, /^another run holds it \(process /)
        const other = yield* open(url)
        assert.deepStrictEqual((yield* other.answered(0, 10)).map(({ question }) => question), [1, 2])
      })
    )

    test(
      "does not trust a connection pooler",
      Effect.gen(function*() {
        const address = yield* fresh
        const error = yield* Effect.flip(openOnce(yield* throughPooler(address)))
        assert.deepInclude(error, { _tag: "LedgerError", reason: "Open" })
        assert.match(error.message, /^a connection pooler answers there/)
      })
    )
  })

  describe.concurrent("a batch is recorded as a whole or not at all", () => {
    const long = "x".repeat(5 * 1024 * 1024)
    const batches = {
      "in one statement": codes(600).map((_, index) => answer(index + 1)),
      "in several": [1, 2, 3, 4].map((question) => answer(question, { body: long }))
    }
    for (const [what, batch] of Object.entries(batches)) {
      test(
        `${what}, of which the last row is wrong`,
        Effect.gen(function*() {
          const ledger = yield* open(yield* fresh)
          const id = yield* Effect.provideService(enroll(entries(codes(600))), Ledger, ledger)
          const wrong = batch.with(batch.length - 1, answer(batch.length, { at: null as never }))
          const error = yield* Effect.flip(ledger.record(id, wrong))
          assert.deepInclude(error, { _tag: "LedgerError", reason: "Write" })
          assert.match(error.message, /^null value in column "at"/)
          assert.strictEqual((yield* ledger.counts(id)).outcomes.found, 0)
          assert.lengthOf(yield* ledger.answered(0, 1), 0)
          yield* ledger.record(id, batch)
          assert.strictEqual((yield* ledger.counts(id)).outcomes.found, batch.length)
        })
      )

      test(
        `${what}, at the end of which the connection is lost`,
        Effect.gen(function*() {
          const url = yield* fresh
          const ledger = yield* open(url)
          const id = yield* Effect.provideService(enroll(entries(codes(600))), Ledger, ledger)
          const last = batch.at(-1)!.question
          const undo = yield* inTheWay(
            `insert into "${nameOf(url)}".outcome values (${last}, 'found', 200, 1, 1, 1, 1, '', null)`
          )
          const record = yield* Effect.fork(ledger.record(id, batch))
          yield* untilBlocked(url)
          yield* terminate(url)
          yield* undo
          yield* Fiber.join(record)
          assert.strictEqual((yield* ledger.counts(id)).outcomes.found, batch.length)
          assert.lengthOf(yield* ledger.answered(0, 1_000), batch.length)
        })
      )
    }
  })

  describe.concurrent("a reader", () => {
    test(
      "sees whole batches while a run writes",
      Effect.gen(function*() {
        const url = yield* fresh
        const ledger = yield* open(url)
        const id = yield* Effect.provideService(enroll(entries(codes(5_000))), Ledger, ledger)
        const reader = Context.get(yield* Layer.build(Postgres.layerReader(url)), Ledger)
        const writing = yield* Effect.fork(
          Effect.forEach(
            codes(50),
            (_, batch) => ledger.record(id, codes(100).map((_, index) => answer(batch * 100 + index + 1)))
          )
        )
        const seen = new Set<number>()
        while ([...seen].at(-1) !== 5_000) {
          const { outcomes } = yield* reader.counts(id)
          seen.add(outcomes.found)
          assert.strictEqual(outcomes.found % 100, 0)
          assert.strictEqual((yield* reader.rows(id, 0, 10)).length, 10)
        }
        yield* writing
        assert.isAbove(seen.size, 2)
        assert.strictEqual(reader.name, ledger.name)
      })
    )

    test(
      "writes nothing, and makes nothing",
      Effect.gen(function*() {
        const url = yield* fresh
        const read = Effect.scoped(Layer.build(Postgres.layerReader(url)))
        const error = yield* Effect.flip(read)
        assert.deepInclude(error, { _tag: "LedgerError", reason: "Missing", message: "there is no such ledger" })
        assert.deepStrictEqual(yield* query(`select 1 from pg_namespace where nspname = '${nameOf(url)}'`), [])
        yield* Effect.provide(enroll(entries(["a"])), Postgres.layer(url))
        const ledger = Context.get(yield* Layer.build(Postgres.layerReader(url)), Ledger)
        for (const write of [ledger.record(0, [answer(1)]), ledger.enlist("b"), ledger.setNotes({ a: 1 })]) {
          const error = yield* Effect.flip(write)
          assert.deepInclude(error, { reason: "Write" })
          assert.match(error.message, /^it is only for reading/)
        }
        yield* openOnce(url)
        assert.strictEqual((yield* ledger.lists).length, 1)
      })
    )
  })

  test(
    "keeps what is answered where the server's disk is full, in room that it has kept, and stops then",
    Effect.gen(function*() {
      const url = yield* fresh
      yield* Effect.gen(function*() {
        const ledger = yield* Ledger
        const schema = nameOf(url)
        const [{ size }] = (yield* query(`select pg_relation_size('"${schema}".reserve') as size`)) as [
          { size: number }
        ]
        assert.isAtLeast(Number(size), 1024 * 1024)
        yield* enroll(entries(["a", "b", "c"]))
        yield* query(`create function "${schema}".extend() returns trigger language plpgsql as $$ begin
          if to_regclass('"${schema}".reserve') is null then return new; end if;
          raise exception 'could not extend file' using errcode = '53100'; end $$`)
        yield* query(`create trigger extend before insert on "${schema}".outcome
          for each row execute function "${schema}".extend()`)
        const error = yield* Effect.flip(settle(["a", "b"]))
        assert.match((error as LedgerError).message, /^the server's disk is full: make room and run the same command /)
        assert.deepStrictEqual(yield* pending(10), ["c"])
        assert.strictEqual((yield* ledger.counts(0)).outcomes.found, 2)
      }).pipe(Effect.provide(Postgres.layer(url)))
    })
  )

  test(
    "is removed with all that it holds, and nothing else",
    Effect.gen(function*() {
      const url = yield* fresh
      const relations = query(
        `select relname from pg_class where relnamespace = to_regnamespace('"${nameOf(url)}"') and relkind = 'r'`
      )
      yield* Effect.provide(enroll(entries(["a"])), Postgres.layer(url))
      yield* query(`create table "${nameOf(url)}".theirs (a int)`)
      yield* Postgres.remove(url)
      assert.deepStrictEqual(yield* relations, [{ relname: "theirs" }])
      yield* query(`drop table "${nameOf(url)}".theirs`)
      yield* openOnce(url)
      yield* Postgres.remove(url)
      assert.deepStrictEqual(yield* query(`select 1 from pg_namespace where nspname = '${nameOf(url)}'`), [])
      assert.strictEqual((yield* Effect.flip(Postgres.remove(url))).reason, "Missing")
    })
  )

  describe("refuses, in one line and without a secret,", () => {
    const secret = "hunter2"
    const closed = url((url) => url.port = "1")
    const cases: ReadonlyArray<
      readonly [what: string, url: Effect.Effect<Redacted.Redacted, unknown, Scope.Scope>, message: string]
    > = [
      [
        "a wrong password",
        Effect.succeed(url((url) => url.password = secret)),
        "it refuses this user and password: correct them in the URL, or in PGUSER and PGPASSWORD"
      ],
      [
        "no password",
        Effect.succeed(url((url) => url.password = "")),
        "it wants a password: put it into the URL, or into PGPASSWORD"
      ],
      [
        "a server that does not run",
        Effect.succeed(closed),
        "nothing listens there: start the server, or correct the host and port"
      ],
      [
        "a database that does not exist",
        Effect.succeed(url((url) => url.pathname = "/none")),
        "there is no such database: make it with createdb, or correct the name"
      ],
      [
        "TLS where the server has none",
        Effect.succeed(url(({ searchParams }) => searchParams.set("sslmode", "require"))),
        "it does not speak TLS: where the way to it is safe, take sslmode out of the URL"
      ],
      [
        "a certificate that is not there",
        Effect.succeed(url(({ searchParams }) => searchParams.set("sslrootcert", "/none/ca.pem"))),
        "/none/ca.pem: there is no such file"
      ],
      [
        "other tables",
        Effect.tap(fresh, (url) => query(`create schema "${nameOf(url)}" create table note (a int)`)),
        "the schema holds other tables: name another one with ?schema= in the URL"
      ],
      [
        "a newer ledger",
        Effect.tap(fresh, (url) =>
          Effect.zipRight(
            openOnce(url),
            query(`comment on table "${nameOf(url)}".note is 'rollcall ledger, version 2'`)
          )),
        "it is of version 2, and this rollcall knows 1: use a newer one"
      ]
    ]
    for (const [what, address, message] of cases) {
      test(
        what,
        Effect.gen(function*() {
          const url = yield* address
          const exit = yield* Effect.exit(openOnce(url))
          const error = yield* Effect.flip(exit)
          assert.instanceOf(error, LedgerError)
          assert.deepInclude(error, { reason: "Open", ledger: yield* Postgres.name(url), message })
          const { password } = new URL(Redacted.value(url))
          const shown = [
            inspect(error, { depth: 9, showHidden: true }),
            JSON.stringify(exit),
            Cause.pretty(
              Exit.isFailure(exit) ? exit.cause : Cause.empty
            )
          ].join("\n")
          for (const part of [password, secret].filter((part) => part !== "")) assert.notInclude(shown, part)
        })
      )
    }
  })

  test(
    "commits to the disk whatever the role's settings say",
    Effect.gen(function*() {
      const address = yield* fresh
      const clients = yield* watched
      yield* open(url((url) => {
        url.search = new URL(Redacted.value(address)).search
        url.searchParams.set("options", "-c synchronous_commit=off")
      }))
      const { rows } = yield* Effect.promise(() => clients[0]!.query("show synchronous_commit"))
      assert.deepStrictEqual(rows, [{ synchronous_commit: "on" }])
    })
  )

  test(
    "finds its pages by searching, whatever the server knows of its tables",
    Effect.gen(function*() {
      const address = yield* fresh
      const clients = yield* watched
      const ledger = yield* open(address)
      const many = codes(5_000)
      const explain = Effect.gen(function*() {
        const statements = Statements.make(nameOf(address))
        const pages: ReadonlyArray<readonly [text: string, params: ReadonlyArray<unknown>]> = [
          [statements.selectPending, [0, 100, 10]],
          [statements.selectRows, [0, 100, 200]],
          [statements.selectRowsOf, [0, "{3,2,1}"]],
          [statements.selectAnswered, [100, 10]],
          [statements.selectKnown("true"), ["[{\"key\":\"c1\"}]"]],
          [statements.record, [0, JSON.stringify([answer(1)]), 1]],
          [statements.enroll, [0, JSON.stringify(entries(["a"]))]]
        ]
        for (const [text, params] of pages) {
          const { rows } = yield* Effect.promise(() => clients[0]!.query(`explain ${text}`, params))
          const plan = rows.map((row) => String(row["QUERY PLAN"]))
          // those of the CTEs and of the few lists are small
          const scans = plan.filter((step) =>
            /(Seq|Bitmap).* Scan on (entry|outcome|question)|Hash.* on outcome/.test(step)
          )
          assert.deepStrictEqual(scans, [], plan.join("\n"))
          if (text === statements.selectPending) assert.notMatch(plan.join("\n"), /Sort/)
        }
      })
      yield* Effect.provideService(enroll(entries([...many, ...many])), Ledger, ledger)
      yield* ledger.record(0, many.slice(0, 4_000).map((_, index) => answer(index + 1)))
      yield* explain
      for (const table of ["entry", "question", "outcome"]) yield* query(`analyze "${nameOf(address)}".${table}`)
      yield* explain
    })
  )
})

/** What the tests use of pg, which has no types of its own. */
interface Client {
  readonly query: (text: string, params?: ReadonlyArray<unknown>) => Promise<{ readonly rows: ReadonlyArray<any> }>
}
const { Client }: { readonly Client: { readonly prototype: { query: Function } } } = createRequire(import.meta.url)(
  "pg"
)

/** The connections that are used from then on. */
const watched = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const { query } = Client.prototype
      const clients = new Set<Client>()
      Client.prototype.query = function(this: Client, ...given: ReadonlyArray<unknown>) {
        clients.add(this)
        return query.apply(this, given)
      }
      return { clients, query }
    }),
    ({ query }) =>
      Effect.sync(() => {
        Client.prototype.query = query
      })
  ),
  ({ clients }) => ({
    get 0() {
      return [...clients][0]
    }
  })
)

/** The way through something that, like PgBouncer, gives its own number for the process of the server. */
const throughPooler = (address: Redacted.Redacted) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const { hostname, port } = new URL(Redacted.value(address))
        const server = createServer((client) => {
          const upstream = connect(Number(port || 5432), hostname)
          client.pipe(upstream)
          upstream.on("data", (chunk) => {
            // BackendKeyData
            const at = chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]))
            if (at >= 0) chunk.writeInt32BE(1, at + 5)
            client.write(chunk)
          })
          for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
            one.on("error", () => {}).on("close", () => other.destroy())
          }
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    ),
    (server) =>
      url((url) => {
        url.hostname = "127.0.0.1"
        url.port = String((server.address() as AddressInfo).port)
        url.search = new URL(Redacted.value(address)).search
      })
  )
