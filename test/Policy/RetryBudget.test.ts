import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import * as RetryBudget from "../../src/Policy/RetryBudget.ts"

describe("RetryBudget", () => {
  it("never allows more than a share of the questions and so many per second, after a second's worth", () => {
    const step = FastCheck.record({ wait: FastCheck.integer({ min: 0, max: 2000 }), isQuestion: FastCheck.boolean() })
    FastCheck.assert(FastCheck.property(
      FastCheck.array(step, { maxLength: 400 }),
      FastCheck.constantFrom(0, 0.1, 0.2, 1),
      FastCheck.constantFrom(0.1, 1, 10, 100),
      (steps, share, perSecond) => {
        const budget = { share, perSecond }
        let balance = RetryBudget.begin(budget, 0)
        let [now, questions, retries] = [0, 0, 0]
        for (const { isQuestion, wait } of steps) {
          now += wait
          if (isQuestion) {
            questions++
            balance = RetryBudget.earn(balance, budget)
          } else if (RetryBudget.readyAt(balance, budget) <= now) {
            retries++
            balance = RetryBudget.spend(balance, budget, now)
          }
          assert.isAtMost(retries, Math.max(1, perSecond) + share * questions + perSecond * now / 1000 + 1e-6)
        }
      }
    ))
  })

  it("allows a steady share for ever", () => {
    const budget = { share: 0.2, perSecond: 1e-6 }
    let balance = RetryBudget.begin(budget, 0)
    let retries = 0
    for (let question = 0; question < 10_000; question++) {
      balance = RetryBudget.earn(balance, budget)
      if (RetryBudget.readyAt(balance, budget) > question) continue
      retries++
      balance = RetryBudget.spend(balance, budget, question)
    }
    assert.closeTo(retries, 2000, 2)
  })

  it("saves up no more than what ten seconds and a hundred questions bring", () => {
    let balance = RetryBudget.begin(RetryBudget.standard, 0)
    for (let question = 0; question < 10_000; question++) balance = RetryBudget.earn(balance, RetryBudget.standard)
    const day = 86_400_000
    let retries = 0
    for (; RetryBudget.readyAt(balance, RetryBudget.standard) <= day; retries++) {
      balance = RetryBudget.spend(balance, RetryBudget.standard, day)
    }
    assert.isAtMost(retries, 120)
    assert.isAtLeast(retries, 100)
  })

  it("says when the next retry may be sent", () => {
    const budget = { share: 0, perSecond: 4 }
    let balance = RetryBudget.begin(budget, 1000)
    for (let nth = 0; nth < 4; nth++) balance = RetryBudget.spend(balance, budget, 1000)
    assert.strictEqual(RetryBudget.readyAt(balance, budget), 1250)
  })

  it("is written as it is read", () => {
    const decode = Schema.decodeEither(RetryBudget.RetryBudget)
    for (const text of ["20% + 10/s", "0% + 0.5/s", "12.5% + 1/s", "100% + 1000/s"]) {
      assert.strictEqual(Schema.encodeSync(RetryBudget.RetryBudget)(Either.getOrThrow(decode(text))), text)
    }
    for (const text of ["", "20%", "10/s", "20% + 0/s", "-1% + 1/s", "20 + 10"]) {
      assert.isTrue(Either.isLeft(decode(text)), text)
    }
  })
})
