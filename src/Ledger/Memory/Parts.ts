/**
 * Parts: replies on the way to an answer, in a ledger in memory.
 */
import { Effect } from "effect"
import type { Part, Reader, Writer } from "../Parts.ts"

export const make = (): Reader & Writer & { readonly drop: (questions: ReadonlyArray<number>) => void } => {
  const parts = new Map<number, ReadonlyArray<Part>>()
  return {
    of: (questions) =>
      Effect.sync(() =>
        new Map(questions.flatMap((question) => {
          const its = parts.get(question)
          return its === undefined ? [] : [[question, its] as const]
        }))
      ),
    keep: (question, part) =>
      Effect.sync(() => {
        const others = (parts.get(question) ?? []).filter(({ number }) => number !== part.number)
        if (part.number === 0) parts.delete(question)
        else parts.set(question, [...others, part].toSorted((a, b) => a.number - b.number))
      }),
    drop: (questions) => {
      for (const question of questions) parts.delete(question)
    }
  }
}
