import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import * as Expression from "../../src/Answer/Expression.ts"
import { exactly, withDigits } from "../../src/Json.ts"
import { scale } from "../scale.ts"

const messageOf = (text: string) =>
  Either.match(Expression.make(text), { onLeft: ({ message }) => message, onRight: () => "taken" })

describe("Expression.make", () => {
  const refused: ReadonlyArray<readonly [text: string, message: RegExp]> = [
    ["lenght(places)", /no function lenght: did you mean length\?$/],
    ["places[?lenght(name) > `3`]", /no function lenght/],
    ["{a: nosuchthing(b)}", /no function nosuchthing$/],
    ["sort_by(places, &to_numbr(n))", /did you mean to_number\?/],
    ["length()", /length\(\) takes 1 argument, not 0/],
    ["length(a, b)", /length\(\) takes 1 argument, not 2/],
    ["split(a)", /split\(\) takes 2 to 3 arguments, not 1/],
    ["merge()", /merge\(\) takes at least \d/],
    ["post-code", /post-code is a subtraction: put the name in quotes, "post-code"/],
    ["data.post-code", /"post-code"/],
    ["places[*].{z: post-code}", /"post-code"/],
    ["first-line-2", /hyphen|quotes/],
    ["state='FL'", /one = does not compare: write ==/],
    ["places[?state='FL']", /one = does not compare: write ==/],
    ["length(a) = `0`", /write ==/],
    ["results.0.name", /an item of a list is written \[0\]: results\[0\]\.name\)?$/],
    ["code-1", /hyphen stands in double quotes/],
    ["$x", /there is no variable \$x/],
    ["!data.product", /! takes the first name alone: write !\(data\.product\)$/],
    ["ok && !a.\"b-c\".d", /write ok && !\(a\."b-c"\.d\)$/],
    ["!data.items[0].id == `1`", /write !\(data\.items\[0\]\.id\) == `1`$/],
    ["!items[]", /write !\(items\[\]\)$/],
    [
      "error==\"not found\"",
      /^error=="not found": "not found" is the name of a field, .* write error=='not found' \(for the field @\."not found"\)$/
    ],
    ["a.b != \"gone\" && c", /write a\.b != 'gone' && c \(/],
    ["\"gone\" == error", /write 'gone' == error \(/],
    ["\"gone\" == error.type", /write 'gone' == error\.type \(/],
    ["\"ship-to\" == \"bill-to\"", /write 'ship-to' == "bill-to" \(/],
    ["items[?state==\"FL\"].n", /write items\[\?state=='FL'\]\.n \(/],
    ["{a: b == \"it's\"}", /write \{a: b == 'it\\'s'\} \(/],
    ["length(a) == `2` && error=='x' || error == \"y\"", /\|\| error == 'y' \(/],
    ["contains(error, \"not found\")", /write contains\(error, 'not found'\) \(/],
    ["starts_with(@, \"down\")", /write starts_with\(@, 'down'\) \(/],
    ["join(\", \", names)", /write join\(', ', names\) \(/],
    ["day >= \"2024-01-01\"", /write day >= '2024-01-01' \(/]
  ]
  it.each(refused)("refuses %s", (text, message) => assert.match(messageOf(text), message))

  const taken = [
    "a - b",
    "\"post-code\"",
    "'post-code'",
    "`\"post-code\"`",
    "let $x = a in $x.b",
    "let $x = a, $y = b in [$x, $y]",
    "not_null(a, b, c)",
    "split(a, ',', `2`)",
    "pad_left(a, `5`)",
    "`{\"type\": \"Function\", \"name\": \"x\", \"children\": []}`",
    "a == 'b'",
    "\"post-code\" == '34102'",
    "\"post-code\"==`34102` || \"place name\" != 'x'",
    "'34102' == \"post-code\"",
    "data.\"post-code\" == zip",
    "zip == data.\"post-code\"",
    "zip == \"a b\".code",
    "zip == \"a b\"[0]",
    "zip == @.\"post-code\"",
    "\"line-items\"[?\"post-code\" == 'x'].\"unit price\"",
    "\"line-count\" > length(items)",
    "contains(\"tag list\", 'x') && \"a-b\"",
    "contains(\"tag list\", \"a b\".c)",
    "join(',', \"tag list\")",
    "not_null(\"a-b\", \"c-d\")",
    "{\"a b\": \"c d\"}",
    "from_json(a).b"
  ]
  it.each(taken)("takes %s", (text) => assert.strictEqual(messageOf(text), "taken"))

  it("gives null where it fails on a value, and says why", () => {
    const { canFail, get } = Either.getOrThrow(Expression.make("length(n)"))
    const reasons: Array<string> = []
    assert.isNull(get({ n: 5 }, undefined, (reason) => reasons.push(reason)))
    assert.match(reasons.join(), /length\(\).*number/)
    assert.isTrue(canFail)
    assert.isFalse(Either.getOrThrow(Expression.make("a.b[?c == 'd']")).canFail)
  })

  it("reads JSON in a string, fenced or not", () => {
    const { get } = Either.getOrThrow(Expression.make("from_json(content).city"))
    const json = `{"city":"Naples"}`
    for (const content of [json, ` ${json}\n`, `\`\`\`json\n${json}\n\`\`\``, `\`\`\`\n${json}\n\`\`\`\n`]) {
      assert.strictEqual(get({ content }), "Naples")
    }
    assert.isNull(get({ content: "no JSON" }))
    assert.isNull(get({}))
  })
})

describe("an expression's budget", () => {
  const nested = (depth: number): string => depth === 0 ? "@" : `$.l[*].[${nested(depth - 1)}]`
  const dozen = { l: Array.from({ length: 12 }, (_, index) => index) }
  const long = { ...dozen, id: 9007199254740992 }
  const faultOf = (text: string, value: unknown, exact = value) => {
    const faults: Array<readonly [reason: string, isTooMuch: boolean]> = []
    const got = Either.getOrThrow(Expression.make(text)).get(value, exact, (...fault) => faults.push(fault))
    return { got, faults }
  }

  it.each([
    ["lists within lists", nested(7), dozen],
    ["the same where digits count", `[${nested(7)}, to_string(id)]`, long],
    ["a list for each item of a list", "l[*].[sort(map(&sort($.l), $.l))]", {
      l: Array.from({ length: 20_000 }, () => 0)
    }],
    ["text without end", "pad_left('a', `500000000`)", {}],
    ["variables", `let $x = l in ${nested(7)}`, dozen]
  ])("ends %s", (_, text, value) => {
    const { faults, got } = faultOf(text, value, value === long ? { ...long, id: "9007199254740993" } : value)
    assert.isNull(got)
    assert.deepStrictEqual(faults, [["it takes more than 500,000 steps on this answer", true]])
  })

  it("grows with the answer, and is whole for each one", () => {
    const count = scale(100_000, 300_000, 300_000)
    const large = { l: Array.from({ length: count }, (_, id) => ({ id, name: "x", tags: ["a", "b"] })) }
    for (let times = 0; times < scale(2, 3, 3); times++) {
      const { faults, got } = faultOf("l[*].{a: id, b: name, c: tags[0], d: tags[1]}", large)
      assert.deepStrictEqual(faults, [])
      assert.lengthOf(got as ReadonlyArray<unknown>, count)
      assert.lengthOf(faultOf(nested(7), dozen).faults, 1)
    }
    assert.deepStrictEqual(faultOf("length(l[?id > `2`])", large), { faults: [], got: count - 3 })
    assert.isTrue(faultOf("contains(t, 'b')", { t: `${"a".repeat(4_000_000)}b` }).got)
  })
})

describe("Expression over long numbers", () => {
  const body = `{"items":[{"n":"a","score":3.3333333333333333,"id":9007199254740993},`
    + `{"n":"b","score":4.5,"id":9007199254740995},{"n":"c","score":4.2000000000000000,"id":7}],`
    + `"ids":[9007199254740993,9007199254740992,1],"t":"9007199254740993","big":1e400,`
    + `"s":"{\\"id\\":9007199254740993,\\"list\\":[1.50,2]}"}`
  const value = JSON.parse(body)
  const cases: ReadonlyArray<readonly [text: string, json: string]> = [
    ["items[?score > `4`].n", `["b","c"]`],
    ["items[?score > `4`].id", `[9007199254740995,7]`],
    ["items[0].id", "9007199254740993"],
    ["items[*].id | [0]", "9007199254740993"],
    ["{x: items[0].id, y: items[0].score}", `{"x":9007199254740993,"y":3.3333333333333333}`],
    ["sort_by(items, &score)[0].id", "9007199254740993"],
    ["sort_by(items, &score)[*].n", `["a","c","b"]`],
    ["max_by(items, &score).n", `"b"`],
    ["max(items[*].score)", "4.5"],
    ["min(items[*].score)", "3.3333333333333333"],
    ["sum(items[*].score) > `12`", "true"],
    ["length(ids)", "3"],
    ["ids", "[9007199254740993,9007199254740992,1]"],
    ["reverse(ids)", "[1,9007199254740992,9007199254740992]"],
    ["items[?id == `7`].score", "[4.2000000000000000]"],
    ["type(items[0].id)", `"number"`],
    ["t", `"9007199254740993"`],
    ["length(t)", "16"],
    ["items[1].score + `1`", "5.5"],
    ["let $i = items[0] in $i.id", "9007199254740993"],
    ["$.items[0].id", "9007199254740993"],
    ["items[?!(id > `7`)].n", `["c"]`],
    ["big", "1e400"],
    ["to_string(items[0].id)", `"9007199254740993"`],
    ["join('-', items[*].to_string(id))", `"9007199254740993-9007199254740995-7"`],
    ["to_string(items[0].id) == '9007199254740993'", "true"],
    ["to_string(items[2])", JSON.stringify(`{"n":"c","score":4.2000000000000000,"id":7}`)],
    ["to_string(t)", `"9007199254740993"`],
    ["from_json(s).id", "9007199254740993"],
    ["from_json(s)", `{"id":9007199254740993,"list":[1.50,2]}`],
    ["sum(from_json(s).list)", "3.5"],
    ["from_json(s).list[?@ > `1.6`]", "[2]"],
    ["map(&score, items)[0]", "3.3333333333333333"]
  ]
  it.each(cases)("%s", (text, json) => {
    const { get } = Either.getOrThrow(Expression.make(text))
    const { value: exact, write } = exactly(body, value)
    assert.strictEqual(write(get(value, exact)), json)
    // a rule and a selection see the same, where a rule does not ask for digits
    if (text.includes("==") && text.includes("to_string")) return
    const plain = get(value)
    const shown = get(value, withDigits(body, value))
    if (typeof plain !== "number") assert.strictEqual(Expression.isTrue(shown), Expression.isTrue(plain))
  })
})
