import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { env, run, setup, some } from "../command.ts"

describe.concurrent("rollcall plan", () => {
  it.scopedLive("shows what would be asked, calls nothing, leaves nothing", () =>
    Effect.gen(function*() {
      const { cwd, demo, flags } = yield* setup(["34102", "00501", "34102", "no good", "nonsense"])
      const words = ["plan", "list", ...flags, "--pattern", "\\S+", "-o", "out.ndjson"]
      const { exit, stderr, stdout } = yield* run(words, { cwd, env })
      assert.deepStrictEqual([exit, stderr], [0, ""])
      const shown = stdout.split("\n")
      assert.deepStrictEqual(shown.slice(0, 3), [
        "list: 5 entries",
        "  1 repeat of a code above, asked once",
        "  1 entry invalid, not asked:"
      ])
      assert.match(shown[3]!, /^ {4}line 4: "no good" \(.+\)$/)
      assert.deepStrictEqual(shown.slice(4, 5), ["would ask: 3 questions"])
      assert.match(shown[5]!, /^policy: -c 8 · timeout 30s · 4 retries · /)
      assert.strictEqual(
        shown.slice(6).join("\n"),
        "the first request:\n  curl -sS -i -H \"ocp-apim-subscription-key: ${DEMO_KEY}\" "
          + `'${demo.lookupUrl.replace("{code}", "34102")}'\n`
      )
      assert.strictEqual((yield* demo.log).calls, 0)
      assert.deepStrictEqual(readdirSync(cwd), ["list"])
    }))

  it.scopedLive("the request it shows works in a shell", () =>
    Effect.gen(function*() {
      const { cwd, flags } = yield* setup(["34102"])
      const { stdout } = yield* run(["plan", "list", ...flags], { cwd, env })
      const curl = /^ {2}(curl .*)$/m.exec(stdout)![1]!
      const answer = yield* run(["-c", curl], { cwd, env, program: ["sh"] })
      assert.match(answer.stdout, /^HTTP\/1.1 200 OK\r\n[^]*"city":"Naples"/)
    }))

  it.scopedLive("knows what is answered, and what the run after it asks", () =>
    Effect.gen(function*() {
      const codes = yield* some(10)
      const { cwd, demo, flags, list, read, rollcall } = yield* setup(codes.slice(0, 6))
      yield* rollcall()
      list(codes)
      const before = read("out.ndjson")
      const { exit, stdout } = yield* run(["plan", "list", ...flags, "-o", "out.ndjson"], { cwd, env })
      assert.strictEqual(exit, 0)
      assert.match(stdout, /^list: 10 entries\n {2}6 answered already in out.ndjson.ledger\nwould ask: 4 questions\n/)
      assert.match(stdout, new RegExp(`/${codes[6]}'\n$`))
      assert.strictEqual(read("out.ndjson"), before)
      assert.deepStrictEqual(readdirSync(cwd).toSorted(), ["list", "out.ndjson", "out.ndjson.ledger"])
      assert.strictEqual((yield* demo.log).calls, 6)
      yield* rollcall()
      assert.strictEqual((yield* demo.log).calls, 10)
    }))

  it.scopedLive("takes every command line of run, and says what its flags would do", () =>
    Effect.gen(function*() {
      const codes = yield* some(12)
      const { cwd, demo, flags, rollcall } = yield* setup(codes.slice(0, 6))
      yield* rollcall()
      const plan = (...words: ReadonlyArray<string>) =>
        run(["plan", "list", ...flags, "-o", "out.ndjson", ...words], { cwd, env })
      const quiet = yield* plan("-q", "--order", "done", "--no-timing", "--format", "ndjson", "--tolerate", "failed=1%")
      assert.strictEqual(quiet.exit, 0, quiet.stderr)
      assert.match(quiet.stdout, /would ask: 0 questions/)
      const fresh = yield* plan("--fresh", "--sample", "2")
      assert.match(fresh.stdout, /--fresh: out.ndjson.ledger and the output would be put aside/)
      assert.match(fresh.stdout, /--sample 2: 2 of 6 codes, at random\nwould ask: 2 questions/)
      assert.strictEqual((yield* demo.log).calls, 6)
      assert.deepStrictEqual(readdirSync(cwd).toSorted(), ["list", "out.ndjson", "out.ndjson.ledger"])
    }))

  it.scopedLive("refuses what run refuses", () =>
    Effect.gen(function*() {
      const { cwd, flags } = yield* setup(["34102"])
      writeFileSync(join(cwd, "mine.csv"), "not an output\n")
      for (
        const words of [
          ["--select", "c=city", "--select", "c=data.city", "-o", "new.csv"],
          ["-o", "mine.csv"],
          ["-o", "a.csv", "-o", "a.csv"],
          ["--redo", "nonsense"]
        ]
      ) {
        const [planned, ran] = yield* Effect.all([
          run(["plan", "list", ...flags, ...words], { cwd, env }),
          run(["run", "list", ...flags, ...words], { cwd, env })
        ])
        assert.deepStrictEqual([planned.exit, planned.stdout], [2, ""], planned.stderr)
        assert.strictEqual(planned.stderr.replaceAll("rollcall plan", "rollcall run"), ran.stderr)
      }
    }))

  it.scopedLive("shows no secret, wherever it stands", () =>
    Effect.gen(function*() {
      const { cwd } = yield* setup(["34102"])
      const secret = "hush4hush8hush1"
      const words = ["plan", "list", "--url", `http://127.0.0.1:1/{code}?api_key=${secret}&v=\${KEY}`]
      const more = ["-H", `Authorization: Bearer ${secret}`, "-H", "X-Key: ${KEY}", "-d", "key=${KEY}&code={code}"]
      const { exit, stdout } = yield* run([...words, ...more], { cwd, env: { KEY: `env${secret}` } })
      assert.strictEqual(exit, 0)
      assert.notInclude(stdout, "hush")
      assert.include(stdout, "${KEY}")
    }))

  it.scopedLive("takes braces in a body for columns only where there are columns", () =>
    Effect.gen(function*() {
      const { cwd } = yield* setup(["34102"])
      const body = `{"query":"query{place}","code":"{code}"}`
      const words = ["plan", "--url", "http://127.0.0.1:1/graphql", "-d", body]
      const ofLines = yield* run([...words, "list"], { cwd })
      assert.include(ofLines.stdout, `--data-raw '{"query":"query{place}","code":"34102"}'`)
      const csv = ["-", "--input-format", "csv", "--column", "zip"]
      const ofRows = yield* run([...words, ...csv], { cwd, stdin: "zip,place\n34102,Naples\n" })
      assert.include(ofRows.stdout, `--data-raw '{"query":"queryNaples","code":"34102"}'`)
    }))

  it.scopedLive("tells a missing setting as run would, exit 2", () =>
    Effect.gen(function*() {
      const { cwd, flags } = yield* setup(["34102"])
      const { exit, stderr, stdout } = yield* run(["plan", "list", ...flags], { cwd })
      assert.deepStrictEqual([exit, stdout], [2, ""])
      assert.match(stderr, /^rollcall: .*DEMO_KEY.*\n$/)
    }))
})
