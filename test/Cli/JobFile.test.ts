import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { env, lines, numbered, run, scripted, setup, some } from "../command.ts"

describe.concurrent("--job", () => {
  it.scopedLive("holds the flags of a run; what is set in the environment, or typed, counts more", () =>
    Effect.gen(function*() {
      const codes = yield* some(30)
      const { cwd, demo, output } = yield* setup(codes)
      const job = [
        "# what is asked, and how hard",
        `url: ${demo.lookupUrl}`,
        "file: list",
        "header:",
        "  - 'Ocp-Apim-Subscription-Key: ${DEMO_KEY}'",
        "select: [city=data.city, zip=data.zipCode]",
        "output: out.ndjson",
        "concurrency: 3",
        "rate: ['100/s', 9000/min]",
        "retry-budget: 30% + 5/s",
        "breaker: off",
        "uniform: 50",
        "no-timing: yes",
        "max-time: 1h",
        "pad: 5"
      ]
      writeFileSync(join(cwd, "job.yaml"), job.join("\n"))
      const { exit, stderr } = yield* run(["run", "--job", "job.yaml"], { cwd, env })
      assert.strictEqual(exit, 0, stderr)
      assert.match(
        stderr,
        /-c 3 · .*rate 100\/s and 9000\/min\nretry budget 30% \+ 5\/s · breaker off · uniform failure after 50 · takes 1h at most\n/
      )
      assert.deepStrictEqual(lines(output()), numbered(codes))
      assert.deepInclude(output()[0], { answer: { city: "Holtsville", zip: "00501" } })
      assert.notProperty(output()[0], "ms")
      const plan = (words: ReadonlyArray<string>, more = {}) =>
        Effect.map(
          run(["plan", "--job", "job.yaml", ...words], { cwd, env: { ...env, ...more } }),
          ({ stdout }) => stdout
        )
      assert.match(yield* plan([]), /policy: -c 3 · /)
      assert.match(yield* plan([], { ROLLCALL_CONCURRENCY: "5" }), /policy: -c 5 · /)
      assert.match(yield* plan(["-c", "7"], { ROLLCALL_CONCURRENCY: "5" }), /policy: -c 7 · /)
      assert.match(yield* plan(["--rate", "9/s"]), / rate 9\/s\n/)
    }))

  it.scopedLive("is JSON too, and keeps what looks like a number as it is written", () =>
    Effect.gen(function*() {
      const api = yield* scripted(["7"])
      api.write("job.json", JSON.stringify({ url: `${api.words[1]!}`, data: "007", "allow-none": "1" }))
      const { exit, stderr } = yield* run(["run", "list", "--job=job.json", "-o", "out.ndjson"], { cwd: api.cwd })
      assert.strictEqual(exit, 0, stderr)
      assert.deepStrictEqual(api.asked, ["7"])
    }))

  it.scopedLive("names its run for what reads it", () =>
    Effect.gen(function*() {
      const api = yield* scripted(["7"])
      api.write("job.yaml", `url: ${api.words[1]!}\nfile: list\noutput: out.ndjson\nallow-none: yes\n`)
      yield* run(["run", "--job", "job.yaml"], { cwd: api.cwd })
      yield* run(["run", "list", ...api.words, "-o", "another.ndjson"], { cwd: api.cwd })
      const status = yield* run(["status", "--job", "job.yaml"], { cwd: api.cwd })
      assert.match(status.stdout, /^out.ndjson: 1 of 1 code answered/, status.stderr)
      const exported = yield* run(["export", "--job", "job.yaml"], { cwd: api.cwd })
      assert.strictEqual(exported.stdout, api.read("out.ndjson"))
    }))

  it.scopedLive("says what is wrong with it, and where", () =>
    Effect.gen(function*() {
      const api = yield* scripted(["7"])
      const cases: ReadonlyArray<readonly [text: string, message: RegExp]> = [
        ["", /--job job: write names of flags and their values/],
        ["- url", /write names of flags/],
        ["rate: [", /--job job: it is neither YAML nor JSON: /],
        ["rates: 50/s", /--job job: there is no flag rates: did you mean rate\?/],
        ["job: other", /there is no flag job/],
        ["timeout: [1s, 2s]", /timeout has one value/],
        ["rate:", /rate has no value/],
        ["policy: {a: b}", /policy has names where it has no place for them/],
        ["rate: fast", /--job job: rate "fast": write a rate such as/],
        ["rate: [50/s, slow]", /rate "slow": write a rate/],
        ["header: secret", /header: write it as/],
        ["rollcall: 2", /rollcall: 2 is of a later Rollcall: this one reads 1/],
        ["rules: {on-status: 402=stop}", /rules is a list of rules/],
        ["rules: [{rate: 5/s}]", /rules is a list of rules/],
        ["idempotent: perhaps", /--job job: idempotent "perhaps": it is a switch/]
      ]
      for (const [text, message] of cases) {
        api.write("job", text)
        const { exit, stderr } = yield* api.run("--job", "job")
        assert.strictEqual(exit, 2, text)
        assert.match(stderr, message, text)
      }
      const missing = yield* api.run("--job", "nowhere.yaml")
      assert.strictEqual(missing.exit, 2)
      assert.match(missing.stderr, /--job nowhere.yaml: there is no such file/)
      assert.deepStrictEqual(api.asked, [])
    }))
})
