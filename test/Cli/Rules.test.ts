import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Rules from "../../src/Cli/Rules.ts"

const none = Object.fromEntries(Object.keys(Rules.flags).map((key) => [key, []])) as never as Parameters<
  typeof Rules.parse
>[0]
const parse = (given: Partial<typeof none>) => Rules.parse({ ...none, ...given })

describe("Rules.parse", () => {
  it.effect("keeps the order in which they were typed", () =>
    Effect.gen(function*() {
      const rules = yield* parse({
        stopWhen: [{ at: 7, text: "a=1" }],
        notFoundWhen: [{ at: 9, text: "b" }, { at: 2, text: "c" }],
        onStatus: [{ at: 5, text: "402,403=stop,5xx=not-found" }],
        throttledOn: [{ at: 1, text: "503" }]
      })
      assert.deepStrictEqual(rules.map(({ text, verdict }) => [verdict, text]), [
        ["throttled", "--throttled-on 503"],
        ["not_found", "--not-found-when c"],
        ["stop", "--on-status 402,403=stop,5xx=not-found"],
        ["not_found", "--on-status 402,403=stop,5xx=not-found"],
        ["stop", "--stop-when a=1"],
        ["not_found", "--not-found-when b"]
      ])
      assert.isTrue(rules[2]!.holds(403, () => null, () => {}))
      assert.isTrue(rules[3]!.holds(502, () => null, () => {}))
    }))

  it.effect.each<[Partial<typeof none>, RegExp]>([
    [{ stopWhen: [{ at: 1, text: "a[" }] }, /^--stop-when not JMESPath/],
    [{ reviewWhen: [{ at: 1, text: "lenght(a)" }] }, /^--review-when .*did you mean length\?/],
    [{ onStatus: [{ at: 1, text: "402=nothing" }] }, /402=stop/],
    [{ onStatus: [{ at: 1, text: "402" }] }, /402=stop/],
    [{ onStatus: [{ at: 1, text: "99=stop" }] }, /402=stop/],
    [{ throttledOn: [{ at: 1, text: "4e2" }] }, /403,503/]
  ])(
    "refuses %j",
    ([given, message]) => Effect.map(Effect.flip(parse(given)), (error) => assert.match(error.message, message))
  )

  it("reads as before what could be said before", () => {
    const reading = (given: Partial<typeof none>) =>
      Effect.map(parse(given), (rules) => Rules.reading({ ...none, ...given }, rules)).pipe(Effect.runSync)
    assert.deepStrictEqual(reading({}), { reading: "" })
    assert.deepStrictEqual(reading({ notFoundWhen: [{ at: 1, text: "a" }] }), { reading: "a" })
    assert.deepStrictEqual(
      reading({ notFoundWhen: [{ at: 1, text: "a" }], throttledOn: [{ at: 2, text: "403,503" }] }),
      { reading: "a", throttledOn: [403, 503] }
    )
    assert.match(reading({ stopWhen: [{ at: 1, text: "a" }] }).reading, /--stop-when a/)
  })
})

describe("Rules.watch", () => {
  it.effect("tells rules that held for none of enough answers, where they are for answers and on the body", () =>
    Effect.gen(function*() {
      const watched = Rules.watch(
        yield* parse({
          notFoundWhen: [{ at: 1, text: "results=[]" }, { at: 2, text: "length(results) == `0`" }],
          reviewWhen: [{ at: 3, text: "score < `0.5`" }],
          stopWhen: [{ at: 4, text: "status=QUOTA" }],
          onStatus: [{ at: 5, text: "410=not_found" }]
        })
      )
      for (const rule of watched.rules) rule.holds(200, () => ({ results: [], score: 1 }), () => {})
      assert.deepStrictEqual(watched.idle(19), [])
      assert.deepStrictEqual(watched.idle(1_150), [
        "--not-found-when results=[] held for none of 1,150 answers",
        "--review-when score < `0.5` held for none of 1,150 answers"
      ])
    }))
})

describe("Rules.against", () => {
  it.each<[value: unknown, rule: string]>([
    [[], "--not-found-when '!@'"],
    [null, "--not-found-when '!@'"],
    [{ error: "no" }, "--failed-when error"],
    [{ error: null, status: "ZERO" }, "--not-found-when status=ZERO (or --failed-when, --stop-when)"],
    [{ errors: [], data: 1 }, "--not-found-when EXPR (or --failed-when, --stop-when)"],
    [{ status: null, code: "no such thing" }, "--not-found-when EXPR (or --failed-when, --stop-when)"],
    [undefined, "--not-found-when EXPR (or --failed-when, --stop-when)"]
  ])("of %j is %s", (value, rule) => assert.strictEqual(Rules.against(value), rule))
})
