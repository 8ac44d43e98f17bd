import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Sqlite from "../../src/Ledger/Sqlite.ts"
import { folder, found, records, run, scripted } from "../command.ts"
import * as Serve from "../serve.ts"

const setUp = (codes: ReadonlyArray<string>) =>
  Effect.map(scripted(codes), (api) => ({
    ...api,
    rollcall: (...words: ReadonlyArray<string>) => run(words, { cwd: api.cwd, env: { KEY: "k".repeat(12) } }),
    base: ["list", ...api.words]
  }))

describe("what the command says on the way", () => {
  it.scopedLive("a request that does not go with its list is told before a ledger that answers another one", () =>
    Effect.gen(function*() {
      const { asked, rollcall, words: [, url = "", ...more], write } = yield* setUp([])
      write("people.csv", "name,zip\nAnn,34102\n")
      const to = (text: string) => url.replace("{code}", text)
      const line = ["run", "people.csv", "-o", "o.csv", ...more]
      assert.strictEqual((yield* rollcall(...line, "--url", to("{zip}"))).exit, 0)
      for (
        const [words, told] of [
          [["--url", to("{zip}/2"), "--column", "ZIP"], `there is no column "ZIP" (did you mean "zip"?)`],
          [["--url", to("{zip}/2"), "--column", "Zip Code"], `there is no column "Zip Code" (did you mean "zip"?)`],
          [["--url", to("{zip}/{nme}"), "--column", "zip"], `the request names {nme} (did you mean "name"?), but the`],
          [["--url", to("{zip}/2"), "--carry", "nmae"], `there is no column "nmae" (did you mean "name"?)`]
        ] as const
      ) {
        const { exit, stderr } = yield* rollcall(...line, ...words)
        assert.deepStrictEqual([exit, stderr.includes(told), stderr.includes("--fresh")], [2, true, false], stderr)
      }
      assert.deepStrictEqual(asked, ["34102"])
      const other = yield* rollcall(...line, "--url", to("{zip}/2"))
      assert.match(other.stderr, /this ledger answers another request .*--fresh/)
    }))

  it.scopedLive("a name in braces that is a variable is asked for its dollar", () =>
    Effect.gen(function*() {
      const { asked, rollcall, words: [, url = ""], write } = yield* setUp([])
      write("people.csv", "name,zip\nAnn,34102\n")
      const line = ["people.csv", "-o", "o.csv", "--url", url.replace("{code}", "{zip}")]
      for (
        const words of [
          ["-H", "X-Key: {CRM_KEY}"],
          ["-H", "X-Key: {CRM_KEY}", "--column", "zip"],
          ["-d", `{"key":"{CRM_KEY}"}`],
          ["-H", "X-Key: {KEY}", "--column", "zip"]
        ]
      ) {
        const name = /\{(\w+)\}/.exec(words.join(" "))![1]!
        for (const command of ["run", "plan"]) {
          const { exit, stderr } = yield* rollcall(command, ...line, ...words)
          assert.strictEqual(exit, 2)
          assert.match(stderr, /^rollcall: people\.csv: the request names \{\w+\}, and no column is called so: did you/)
          assert.include(stderr, `did you mean \${${name}}?\n`)
        }
      }
      // a column that is nearly called so is meant
      assert.include(
        (yield* rollcall("plan", ...line, "-H", "X: {NAMES}", "--column", "zip")).stderr,
        "{NAMES} (did you mean \"name\"?)"
      )
      const { exit, stderr } = yield* rollcall("plan", "list", "--allow-empty", "--url", url, "-H", "X-Key: {CRM_KEY}")
      assert.strictEqual(exit, 0)
      assert.include(stderr, "warning: did you mean ${CRM_KEY}? {CRM_KEY} is sent as it stands")
      assert.deepStrictEqual(asked, [])
    }))

  it.scopedLive("a body may stand in a file, and @@ is an @", () =>
    Effect.gen(function*() {
      const { base, cwd, rollcall, write } = yield* setUp(["7"])
      write("query.json", "{\"q\":\"{code}\"}\n")
      const plan = (data: string) => rollcall("plan", ...base, "-d", data)
      assert.include((yield* plan("@query.json")).stdout, "--data-raw '{\"q\":\"7\"}'")
      assert.include((yield* plan("@@{code}")).stdout, "--data-raw '@7'")
      const refused = yield* plan("@nothing")
      assert.deepStrictEqual([refused.exit, refused.stdout], [2, ""])
      assert.match(
        refused.stderr,
        /^rollcall: -d @nothing: there is no such file \(@@ for a body that begins with @\)\n/
      )
      assert.notStrictEqual(cwd, "")
    }))

  it.scopedLive("several fields in one --select are told apart", () =>
    Effect.gen(function*() {
      const { base, rollcall } = yield* setUp(["7"])
      for (const [text, instead] of [["city,code", "city --select code"], ["c=city, code", "c=city --select code"]]) {
        const { exit, stderr } = yield* rollcall("plan", ...base, "--select", text!)
        assert.strictEqual(exit, 2)
        assert.strictEqual(stderr, `rollcall: --select ${text}: one field at a time, --select ${instead}\n`)
      }
      assert.strictEqual((yield* rollcall("plan", ...base, "--select", "[city, code]")).exit, 0)
    }))

  it.scopedLive("a job file is written as YAML would have it", () =>
    Effect.gen(function*() {
      const { read, rollcall, words, write } = yield* setUp(["7"])
      const job = [
        `url: ${words[1]!}`,
        "file: list",
        "output: out.ndjson",
        "select: {town: city, of: code}",
        "header: {X-One: a, X-Two: b}",
        "allow-none: yes"
      ]
      write("job.yaml", job.join("\n"))
      const { exit, stderr } = yield* rollcall("run", "--job", "job.yaml")
      assert.strictEqual(exit, 0, stderr)
      assert.nestedPropertyVal(records(read("out.ndjson"))[0], "answer.town", "City of 7")
      write("body.yaml", `url: ${words[1]!}\nfile: list\ndata: {q: "{code}", limit: 5}\n`)
      const body = yield* rollcall("plan", "--job", "body.yaml")
      assert.include(body.stdout, "--data-raw '{\"q\":\"7\",\"limit\":5}'")
      for (
        const [text, message] of [
          ["input: list", /there is no flag input: did you mean file\?/],
          ["rate: {a: b}", /rate has names where it has no place for them/],
          ["select: {a: }", /select has no value/]
        ] as const
      ) {
        write("bad.yaml", text)
        const refused = yield* rollcall("run", "--job", "bad.yaml")
        assert.strictEqual(refused.exit, 2)
        assert.match(refused.stderr, message)
      }
    }))

  it.scopedLive("a key in the arguments, and a variable without braces, are told once", () =>
    Effect.gen(function*() {
      const { base, rollcall } = yield* setUp(["7"])
      const typed = yield* rollcall("plan", ...base, "-H", "X-Api-Key:abcdefghijkl")
      assert.notInclude(typed.stdout + typed.stderr, "abcdefghijkl")
      const literal = yield* rollcall("plan", ...base, "-HX-Api-Key: abcdefghijkl")
      assert.strictEqual(
        literal.stderr,
        "warning: a key stands in the command line, where other users can read it: write ${NAME}\n"
      )
      const keyed = (query: string) =>
        Effect.map(rollcall("plan", base[0]!, "--url", `https://a.example/{code}?${query}`), ({ stderr }) => stderr)
      assert.strictEqual(yield* keyed("a=1&api_key=abcdefghijkl"), literal.stderr)
      assert.strictEqual(yield* keyed("key={code}"), "")
      const queried = (text: string) =>
        Effect.map(
          rollcall(
            "plan",
            base[0]!,
            "--url",
            "https://a.example/",
            "-d",
            `{"query":"${text}","variables":{"c":"{code}"}}`
          ),
          ({ stderr }) => stderr
        )
      assert.include(
        yield* queried("query($c:String!){product(code:$c){code}}"),
        "warning: {code} in the text of the query is filled in from the list: { code }, with spaces, selects that field\n"
      )
      assert.notInclude(yield* queried("query($c:String!){product(code:$c){ code }}"), "from the list")
      const dollar = yield* rollcall("plan", ...base, "-H", "X-Api-Key: $KEY")
      assert.strictEqual(dollar.stderr, "warning: did you mean ${KEY}? $KEY is sent as it stands\n")
      assert.strictEqual((yield* rollcall("plan", ...base, "-H", "X-Api-Key: ${KEY}")).stderr, "")
      assert.strictEqual(
        (yield* rollcall("plan", ...base, "-H", "X-Api-Key: ")).stderr,
        "warning: the header X-Api-Key is empty: is a variable not set? In single quotes rollcall reads ${NAME} itself\n"
      )
    }))

  it.scopedLive("a rule that looks for what no answer has is named, from the server, from what is kept and from answers judged anew", () =>
    Effect.gen(function*() {
      const codes = Array.from({ length: 130 }, (_, index) => `c${index}`)
      const api = yield* scripted(codes, (code) => [200, JSON.stringify({ data: { product: { code } } })])
      const words = ["--url", api.words[1]!, "-c", "1", "-o", "out.ndjson"]
      const wrong = ["--not-found-when", "data.prodct==null"]
      const run = (...more: ReadonlyArray<string>) => api.rollcall("run", "list", ...words, ...more)
      const suspect = (count: number) =>
        new RegExp(
          `\n--not-found-when data\\.prodct==null held for ${count} of ${count} answers, `
            + "and none of these has \"prodct\" \\(but \"product\"\\)\n"
        )
      const first = yield* run(...wrong)
      assert.strictEqual(first.exit, 4)
      assert.match(first.stderr, suspect(100))
      const second = yield* run(...wrong)
      assert.strictEqual(second.exit, 4)
      assert.match(second.stderr, suspect(100))
      assert.lengthOf(api.asked, 100)
      const plan = (...more: ReadonlyArray<string>) =>
        Effect.map(api.rollcall("plan", "list", ...words, ...wrong, ...more), ({ stdout }) => stdout)
      const stops = "none of 100 was found: the run stops before a call, --allow-none asks the others\n"
      assert.include(yield* plan(), `\n    ${stops}would ask: 30 questions\n`)
      const going = yield* plan("--allow-none")
      assert.include(going, "  100 answered already in out.ndjson.ledger\nwould ask: 30 questions\n")

      // another rule that finds nothing either is no reason to ask 100 more
      const other = yield* run("--not-found-when", "data.prduct==null")
      assert.strictEqual(other.exit, 4)
      assert.match(other.stderr, /none of the 100 answers that are there is "found", as they are judged now/)
      assert.match(other.stderr, /held for 100 of 100 answers, and none of these has "prduct"/)
      assert.strictEqual((yield* run("--not-found-when", "data.prduct==null")).exit, 4)
      assert.lengthOf(api.asked, 100)

      const right = yield* run("--not-found-when", "data.product==null")
      assert.strictEqual(right.exit, 0)
      assert.lengthOf(api.asked, 130)
      const anew = yield* run(...wrong)
      assert.match(anew.stderr, /none of 130 codes was found: is the path right\?/)
      assert.match(anew.stderr, suspect(130))
      const idle = yield* run("--not-found-when", "data.product.code=x")
      assert.match(idle.stderr, /\n--not-found-when data.product.code=x held for none of 130 answers\n/)
      assert.lengthOf(api.asked, 130)
    }))

  it.scopedLive("what the server says with errors and a 200, and what is not sent again, stand at the end of a run", () =>
    Effect.gen(function*() {
      const url = yield* Serve.http((request, response) => {
        request.resume()
        if (request.url === "/lost") return void request.socket.destroy()
        response.writeHead(200, { "content-type": "application/json" })
        const message = request.method === "GET" ? "no field \"citty\" on key sesame-open-0815" : "as it was written"
        response.end(request.url === "/ok" ? "{}" : JSON.stringify({ errors: [{ message }] }))
      })
      const cwd = yield* folder
      writeFileSync(join(cwd, "list"), "ok\na\nb\n")
      const graph = yield* run(
        ["run", "list", "--url", `${url}/{code}`, "-H", "Key: ${K}", "-c", "1", "-o", "g.ndjson"],
        { cwd, env: { K: "sesame-open-0815" } }
      )
      assert.match(graph.stderr, /\n +2 × status 200, errors in the answer: no field "citty" on key \S+\n/)
      assert.notInclude(graph.stderr, "sesame-open-0815")
      writeFileSync(join(cwd, "posts"), "ok\nlost\n")
      const post = yield* run(["run", "posts", "--url", `${url}/{code}`, "-d", "x", "-c", "1", "-o", "p.ndjson"], {
        cwd
      })
      assert.strictEqual(post.exit, 3)
      assert.match(
        post.stderr,
        /\nwarning: the answer of 1 call was lost, and what may have been carried out is not sent again \(--idempotent allows it\)\n/
      )
    }))

  it.scopedLive("answers to be reviewed are counted at the end and by status, whenever they were marked, and export has them", () =>
    Effect.gen(function*() {
      const codes = Array.from({ length: 30 }, (_, index) => String(index))
      const { base, rollcall } = yield* setUp(codes)
      const run = (...words: ReadonlyArray<string>) => rollcall("run", ...base, "-o", "out.csv", ...words)
      const first = yield* run("--not-found-when", "code=none")
      assert.match(first.stderr, /\n--not-found-when code=none held for none of 30 answers\n$/)
      const marked = yield* run("--review-when", "ends_with(code, '7')")
      assert.match(marked.stderr, /\n {2}30 {2}found\n {6}3 × to be reviewed: export --only review has them\n/)
      const again = yield* run("--review-when", "ends_with(code, '7')")
      assert.match(again.stderr, /\n {6}3 × to be reviewed: /)
      assert.notInclude(again.stderr, "held for none")
      assert.match(
        (yield* rollcall("status")).stdout,
        /\n {2}found: 3 × to be reviewed: export --only review has them\n$/
      )
      const exported = yield* rollcall("export", "--only", "review", "-q")
      assert.strictEqual(exported.stdout, "7\n17\n27\n")
      const records = yield* rollcall("export", "--only", "review", "--records", "-q")
      assert.lengthOf(records.stdout.trim().split("\n"), 4)
    }))

  it.scopedLive("a refused key is told from none at all", () =>
    Effect.gen(function*() {
      const { answer, base, rollcall } = yield* setUp(["a", "b", "c"])
      answer(() => [401, ""])
      const none = yield* rollcall("run", ...base, "-o", "o.ndjson")
      assert.strictEqual(none.exit, 4)
      assert.match(none.stderr, /\nthe server wants a key and none was sent \(-H 'Key: \$\{NAME\}'\)\n/)
      const wrong = yield* rollcall("run", ...base, "-o", "o.ndjson", "-H", "X-Key: ${KEY}", "--fresh")
      assert.match(wrong.stderr, /\nthe server refuses the key in "X-Key"\n/)
      assert.match(wrong.stderr, /\n3 pending: with a new \$\{KEY\} the same command goes on\n$/)
    }))

  it.scopedLive("a ledger of the same request is named before it is paid for again, and one of another says what it holds", () =>
    Effect.gen(function*() {
      const { asked, base, rollcall, write } = yield* setUp(["a", "b"])
      yield* rollcall("run", ...base, "-o", "one.ndjson")
      // the same codes in a second list are the same answers
      yield* rollcall("run", ...base, "-o", "again.csv", "--ledger", "one.ndjson.ledger")
      const hint = "one.ndjson.ledger has 2 of these 2 answers: --ledger one.ndjson.ledger and another -o use them "
        + "without a call"
      for (const command of ["plan", "run"]) {
        const { stderr } = yield* rollcall(command, ...base, "-o", "two.ndjson")
        assert.include(stderr, `${hint}\n`)
        // what is refused before a call is not hidden by it
        const refused = yield* rollcall(command, ...base, "-o", "two.docx")
        assert.deepStrictEqual([refused.exit, refused.stderr.includes(hint)], [2, false])
        const missing = yield* rollcall(command, "none.txt", ...base.slice(1), "-o", "three.ndjson")
        assert.deepStrictEqual([missing.exit, missing.stderr.includes(hint)], [2, false])
      }
      assert.lengthOf(asked, 4)
      // what counts is what it has of these codes
      write("part", "b\nc\n")
      const part = yield* rollcall("plan", "part", ...base.slice(1), "-o", "four.ndjson")
      assert.include(part.stderr, "ledger has 1 of these 2 answers: ")
      write("none", "c\nd\n")
      const none = yield* rollcall("plan", "none", ...base.slice(1), "-o", "four.ndjson")
      assert.notInclude(none.stderr, " answers: ")
      const other = ["list", "--url", `${base[2]!}?v=2`, "-o", "one.ndjson"]
      for (const command of ["plan", "run"]) {
        const { exit, stderr } = yield* rollcall(command, ...other)
        assert.strictEqual(exit, 2)
        assert.match(stderr, /; it holds 2 answers: --fresh puts it aside and starts anew\n$/)
      }
    }))

  it.scopedLive("--if-running skips, waits or fails where another run holds the ledger", () =>
    Effect.gen(function*() {
      const { asked, base, cwd, rollcall } = yield* setUp(["a"])
      const words = ["run", ...base, "-o", "o.ndjson"]
      yield* rollcall(...words)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Sqlite.lock(`${cwd}/o.ndjson.ledger`)
        const skipped = yield* rollcall(...words, "--if-running", "skip")
        assert.strictEqual(skipped.exit, 0)
        assert.match(skipped.stderr, /^o.ndjson.ledger: another run holds it.*: skipped\n$/)
        const failed = yield* rollcall(...words)
        assert.strictEqual(failed.exit, 5)
        const waited = yield* rollcall(...words, "--if-running", "wait 10ms")
        assert.strictEqual(waited.exit, 5)
      }))
      assert.strictEqual((yield* rollcall(...words, "--if-running", "wait 1m")).exit, 0)
      assert.strictEqual((yield* rollcall(...words, "--if-running", "sleep")).exit, 2)
      assert.deepStrictEqual(asked, ["a"])
    }))

  it.scopedLive("-q leaves one line of whatever did not end well", () =>
    Effect.gen(function*() {
      const { answer, base, rollcall } = yield* setUp(["a", "b", "c"])
      answer((code) => code === "a" ? found(code) : [500, ""])
      const words = ["run", ...base, "-o", "o.ndjson", "-q"]
      const failed = yield* rollcall(...words)
      assert.deepStrictEqual([failed.exit, failed.stderr], [3, "2 of 3 failed: rollcall status o.ndjson\n"])
      const some = yield* rollcall("run", ...base, "-o", "p.ndjson", "-q", "--sample", "1")
      assert.strictEqual(some.exit, 4)
      assert.match(some.stderr, /2 pending: the same command goes on\n$/)
    }))

  it.scopedLive("what others wrote moves no cursor", () =>
    Effect.gen(function*() {
      const { rollcall, words } = yield* setUp([])
      const { stderr } = yield* rollcall("run", "a\u001b[31m\u202eb", ...words)
      assert.include(stderr, "a\\u001b[31m\\u202eb")
    }))
})
