/**
 * Steps: what a ledger keeps where the answers of one step are the questions of the next. A step is one kind of request, known by its
 * fingerprint; a case is what an entry asks of all steps together, a question like any other, which is over when its links are.
 *
 * The tables of it are made when a run has several steps; no other run reads or writes them.
 */
import { Effect } from "effect"
import type { Kind } from "../Outcome.ts"
import * as Key from "./Key.ts"
import type { LedgerError } from "./LedgerError.ts"
import type { Answered, Link, Linked, Redo, Row } from "./Row.ts"

/** A step on its way into the ledger. */
export interface Step {
  readonly name: string
  /** What its questions are asked with, as that of a ledger is. */
  readonly fingerprint: Readonly<Record<string, string>>
}

/** A step as a ledger knows it. */
export interface Known extends Step {
  /** 0 for the request that the ledger belongs to. */
  readonly id: number
}

/** A question of a step that has no outcome. */
export interface Asked {
  readonly question: number
  /** Its own key, without that of the step. */
  readonly key: string
}

/** A question that is answered, and for which cases wait. */
export interface Mark {
  readonly question: number
  /** The last of its links of which the case was derived since. */
  readonly after: number
}

/** A case that waits for a question, by the id of its link. */
export interface Waiting extends Case {
  readonly id: number
}

/** What an entry asks of all steps together. */
export interface Case {
  readonly case: number
  readonly key: string
  /** What it has come to; nothing while it is not over. */
  readonly outcome: Kind | null
}

/** What a transaction of the deriver writes. */
export interface Derived {
  /** Links that are new. The same case, step and position have one link at most. */
  readonly links: ReadonlyArray<Link>
  /** Links by id that stand no more. */
  readonly gone: ReadonlyArray<number>
  /** The outcomes of cases that are over. */
  readonly over: ReadonlyArray<Answered>
  /** Cases that are not over any more: their outcomes are put aside. */
  readonly open: ReadonlyArray<number>
  /** How far the cases of answered questions are derived; without `after`, all of them. */
  readonly marks: ReadonlyArray<{ readonly question: number; readonly after?: number }>
}

export interface Reader {
  /** All steps that the ledger has heard of, by id. */
  readonly all: Effect.Effect<ReadonlyArray<Known>, LedgerError>
  /** The links of these cases with their outcomes, by case, step and position. */
  readonly links: (cases: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<Linked>, LedgerError>
  /** Questions of a step without an outcome that cases of a list have, in the order in which they were derived, behind `after`. */
  readonly pending: (
    list: number,
    step: number,
    after: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Asked>, LedgerError>
  /** Answered questions for which cases wait. */
  readonly outbox: (limit: number) => Effect.Effect<ReadonlyArray<Mark>, LedgerError>
  /** The cases that have links to a question, behind the link `after`. */
  readonly waiting: (
    question: number,
    after: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Waiting>, LedgerError>
}

export interface Writer extends Reader {
  /** Enters steps, whose ids it gives; one that is known already keeps its own. */
  readonly enter: (steps: ReadonlyArray<Step>) => Effect.Effect<ReadonlyArray<number>, LedgerError>
  /** As `record` of a ledger, for questions of steps: whoever waits for them is derived later. */
  readonly record: (outcomes: ReadonlyArray<Answered>) => Effect.Effect<void, LedgerError>
  /**
   * Writes what was derived, all or nothing. Where a new link is to a question that is answered already, that is marked, so that what
   * follows of it is derived too.
   */
  readonly derive: (list: number, derived: Derived) => Effect.Effect<void, LedgerError>
  /** As `redo` of a ledger, by the outcomes of the steps: their cases are not over any more. */
  readonly redo: (list: number, which: ReadonlyArray<Redo>) => Effect.Effect<ReadonlyArray<number>, LedgerError>
}

/** A fingerprint as one text, whatever the order of its parts. */
export const textOf = (fingerprint: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(fingerprint).toSorted(([a], [b]) => a < b ? -1 : 1))

export const fromText = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(JSON.parse(text) as ReadonlyArray<[string, string]>)

/** From the columns of a row, in the order in which every statement gives them. */
export const toWaiting = (row: ReadonlyArray<any>): Waiting => ({
  id: row[0],
  case: row[1],
  key: Key.plain(row[2]),
  outcome: row[3]
})

/** Rows with the links of their cases. */
export const beside = <E>(
  rows: ReadonlyArray<Row>,
  links: (cases: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<Linked>, E>
): Effect.Effect<ReadonlyArray<Row>, E> => {
  const cases = [...new Set(rows.flatMap(({ key, question }) => key === null ? [] : [question]))]
  return Effect.map(links(cases), (found) => {
    if (found.length === 0) return rows
    const steps = new Map<number, Array<Linked>>()
    for (const link of found) {
      const its = steps.get(link.case)
      if (its === undefined) steps.set(link.case, [link])
      else its.push(link)
    }
    return rows.map((row) => {
      const its = row.key === null ? undefined : steps.get(row.question)
      return its === undefined ? row : { ...row, steps: its }
    })
  })
}
