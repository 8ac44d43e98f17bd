import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import * as Select from "../../src/Answer/Select.ts"

const answer = JSON.parse(`{
  "data": { "city": "Naples", "place name": "Naples FL", "länge": 1.5, "tags": ["a", "b"], "none": null },
  "places": [{ "state": "FL", "n": 1 }, { "state": "GA", "n": 2 }],
  "big": 9007199254740991, "zero": 0, "empty": "", "no": false, "nothing": {}, "list": []
}`)

const selected = (text: string, value: unknown = answer) =>
  Either.map(Select.parse(text), ({ get, name }) => [name, get(value)])

describe("Select.parse", () => {
  const cases: ReadonlyArray<readonly [text: string, name: string, value: unknown]> = [
    ["city=data.city", "city", "Naples"],
    ["data.city", "data.city", "Naples"],
    [" city = data.city ", "city", "Naples"],
    ["place name=data.\"place name\"", "place name", "Naples FL"],
    ["größe=data.\"länge\"", "größe", 1.5],
    ["2024=big", "2024", 9_007_199_254_740_991],
    ["a.b-c_d=zero", "a.b-c_d", 0],
    ["\"big\"", "big", 9_007_199_254_740_991],
    ["data.\"place name\"", "data.\"place name\"", "Naples FL"],
    ["state=places[0].state", "state", "FL"],
    ["states=places[*].state", "states", ["FL", "GA"]],
    ["states=join(', ', places[?n > `1`].state)", "states", "GA"],
    ["x=places[?state=='FL'] | [0].n", "x", 1],
    ["places[?state=='FL'].n", "places[?state=='FL'].n", [1]],
    ["zero == `0`", "zero == `0`", true],
    ["both={c: data.city,\n z: zero}", "both", { c: "Naples", z: 0 }],
    ["data.none", "data.none", null],
    ["missing", "missing", null],
    ["data.city.deeper", "data.city.deeper", null],
    ["places[9]", "places[9]", null],
    ["sum=sum(data.city)", "sum", null],
    ["length=length(zero)", "length", null],
    ["@", "@", answer]
  ]
  for (const [text, name, value] of cases) {
    it(`gets ${text}`, () => assert.deepStrictEqual(selected(text), Either.right([name, value])))
  }

  for (const text of ["", " ", "city=", "=city", "a[", "a b", "a=b c", "city=data..city", "{", "`{`"]) {
    it(`refuses ${JSON.stringify(text)} in one line`, () => {
      const error = Either.getOrThrow(Either.flip(Select.parse(text)))
      assert.strictEqual(error._tag, "SelectError")
      assert.match(error.message, /^not JMESPath: .*$/)
    })
  }

  const inherited = ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf", "__defineGetter__"]
  for (const name of inherited) {
    it(`finds no ${name} that an answer does not have`, () => {
      for (const path of [name, `"${name}"`, `data.${name}`, `places[*].${name} | [0]`, `data.city.${name}`]) {
        assert.deepStrictEqual(selected(`x=${path}`), Either.right(["x", null]), path)
      }
      assert.strictEqual(
        JSON.stringify(selected(`x={a: ${name}, b: places[?${name}]}`).pipe(Either.getOrThrow)),
        "[\"x\",{\"a\":null,\"b\":[]}]"
      )
    })

    it(`finds ${name} in an answer that has it`, () => {
      const own = JSON.parse(`{"${name}":{"x":1},"list":[{"${name}":2}]}`)
      assert.deepStrictEqual(selected(`x=${name}.x`, own), Either.right(["x", 1]))
      assert.deepStrictEqual(selected(`x=list[0].${name}`, own), Either.right(["x", 2]))
    })
  }

  it("is not harmed by a field named __proto__, and harms nobody", () => {
    const hostile = JSON.parse("{\"__proto__\":{\"polluted\":1},\"a\":{\"__proto__\":{\"polluted\":1}}}")
    for (
      const text of ["@", "a", "*", "merge(@, a)", "{__proto__: a}", "keys(@)", "values(@)", "from_items(items(@))"]
    ) {
      selected(text, hostile)
      assert.notProperty({}, "polluted", text)
    }
    assert.deepStrictEqual(selected("polluted", hostile), Either.right(["polluted", null]))
  })

  it("gives null where nothing can be got, and never throws", () => {
    const texts = ["a.b", "a[0]", "a[*].b", "length(a)", "sort_by(a, &b)", "constructor.a", "a || b", "to_number(a)"]
    const gets = texts.map((text) => Either.getOrThrow(Select.parse(text)).get)
    FastCheck.assert(
      FastCheck.property(FastCheck.jsonValue(), (value) => {
        for (const get of gets) {
          assert.notStrictEqual(get(value), undefined)
          assert.notStrictEqual(get({ a: value }), undefined)
        }
      })
    )
    const deep = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`)
    assert.deepStrictEqual(selected("constructor", deep), Either.right(["constructor", null]))
  })
})

describe("Select.predicate", () => {
  const cases: ReadonlyArray<readonly [text: string, holds: boolean]> = [
    ["data", true],
    ["zero", true],
    ["data.tags", true],
    ["places[?state=='FL']", true],
    ["places[?state=='XX']", false],
    ["data.city == 'Naples'", true],
    ["data.city != 'Naples'", false],
    ["!(data.none)", true],
    ["empty", false],
    ["no", false],
    ["nothing", false],
    ["list", false],
    ["missing", false],
    ["data.none", false],
    ["constructor", false],
    ["sum(data.city)", false]
  ]
  for (const [text, holds] of cases) {
    it(`${text}: ${holds}`, () => {
      assert.strictEqual(Either.getOrThrow(Select.predicate(text))(answer), holds)
    })
  }

  it("refuses what is no expression", () => assert.isTrue(Either.isLeft(Select.predicate("a["))))
})
