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
      const look = () => watched.rules.map((rule) => rule.holds(200, () => ({ results: [], score: 1 }), () => {}))
      for (let count = 1; count < 20; count++) look()
      assert.deepStrictEqual(watched.idle(), [])
      look()
      assert.deepStrictEqual(watched.idle(), [
        "--not-found-when results=[] held for none of 20 answers",
        "--review-when score < `0.5` held for none of 20 answers"
      ])
    }))

  it.effect.each<[Partial<typeof none>, body: unknown, said: ReadonlyArray<string>]>([
    [
      { notFoundWhen: [{ at: 1, text: "data.prodct==null" }] },
      { data: { product: 1 } },
      ["--not-found-when data.prodct==null held for 3 of 3 answers, and none of these has \"prodct\" (but \"product\")"]
    ],
    [
      { notFoundWhen: [{ at: 1, text: "!item" }] },
      [{ deep: [1, { item: 1 }] }],
      ["--not-found-when !item held for 3 of 3 answers"]
    ],
    [{ notFoundWhen: [{ at: 1, text: "!@" }] }, {}, ["--not-found-when !@ held for 3 of 3 answers"]],
    [
      { onStatus: [{ at: 1, text: "200=not_found" }] },
      { a: 1 },
      ["--on-status 200=not_found held for 3 of 3 answers"]
    ],
    [
      { failedWhen: [{ at: 1, text: "stat!='ok'" }] },
      { a: 1, b: 2 },
      ["--failed-when stat!='ok' held for 3 of 3 answers, and none of these has \"stat\""]
    ],
    // the records say which rule it was, and what it looks for is there
    [{ failedWhen: [{ at: 1, text: "state!='ok'" }] }, { state: "no" }, []],
    [{ notFoundWhen: [{ at: 1, text: "a.b" }] }, { a: 1 }, []]
  ])("tells of %j and %j what decided, and what it looks for in vain", ([given, body, said]) =>
    Effect.gen(function*() {
      const { rules, suspects } = Rules.watch(yield* parse(given))
      for (let count = 0; count < 3; count++) for (const rule of rules) rule.holds(200, () => body, () => {})
      assert.deepStrictEqual(suspects(), said)
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
