import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run, scripted } from "../command.ts"

const setUp = Effect.map(scripted([]), (api) => ({
  ...api,
  rollcall: (...words: ReadonlyArray<string>) => run(words, { cwd: api.cwd, env: {} })
}))

describe("a list", () => {
  it.scopedLive("that is empty has an output with the columns of its header", () =>
    Effect.gen(function*() {
      const { read, rollcall, words, write } = yield* setUp
      write("new.csv", "zip;n;outcome;http_status;error\n")
      write("plain.tsv", "zip\tcity\n")
      for (
        const [list, output, header] of [
          ["new.csv", "a.csv", "zip,n,answer,outcome,http_status,error\n"],
          ["plain.tsv", "b.csv", "zip,city,answer,outcome,http_status,error\n"]
        ]
      ) {
        const line = [list!, ...words, "--column", "zip", "-o", output!]
        const refused = yield* rollcall("run", ...line)
        assert.strictEqual(refused.exit, 2)
        assert.match(refused.stderr, /there is no code in it; --allow-empty goes on/)
        const { exit, stderr } = yield* rollcall("run", ...line, "--allow-empty")
        assert.strictEqual(exit, 0, stderr)
        assert.match(stderr, /nothing to ask: the list is empty/)
        assert.strictEqual(read(output!), header)
      }
    }))

  it.scopedLive("is told how to be mended as what it is", () =>
    Effect.gen(function*() {
      const { rollcall, words, write } = yield* setUp
      const plan = (list: string, text: string) => {
        write(list, text)
        return Effect.map(
          rollcall("plan", list, ...words, ...(list.endsWith(".txt") ? [] : ["--column", "zip"])),
          ({ stderr, stdout }) => stdout + stderr
        )
      }
      assert.match(yield* plan("a.txt", "\"34102\"\n7\n"), /in quotes, which are asked too: --input-format csv/)
      assert.match(
        yield* plan("a.csv", "n, zip\n1, \"34102\"\n"),
        /in quotes, which are asked too: a quote is none where/
      )
      assert.match(yield* plan("b.txt", "=\"34102\"\n7\n"), /written as a formula: --input-format csv/)
      assert.match(
        yield* plan("b.ndjson", "{\"zip\":\"=\\\"34102\\\"\"}\n"),
        /written as a formula: export the list again/
      )
      assert.match(yield* plan("c.txt", "7\nNULL\n"), /like a word for nothing, and is asked/)
      assert.match(yield* plan("d.txt", "7\nNULL\nN/A\n"), /like a word for nothing, and are asked/)
      for (const page of ["<!DOCTYPE html>\n<p>zip\n", "<html><table><tr><td>zip</td></tr></table></html>\n"]) {
        assert.match(yield* plan("page.xls", page), /:1: this is a web page and no list: was there an error/)
        assert.match(yield* plan("page.txt", page), /:1: this is a web page and no list: was there an error/)
      }
      for (const list of ["a.xml", "a.txt", "b.csv"]) {
        write(list, "<?xml version=\"1.0\"?>\n<records><record>7</record></records>\n")
        for (const command of ["plan", "run"]) {
          const { exit, stderr, stdout } = yield* rollcall(command, list, ...words)
          assert.deepStrictEqual([exit, stdout], [2, ""])
          assert.match(stderr, /: this is XML and no list/)
        }
      }
    }))
})
