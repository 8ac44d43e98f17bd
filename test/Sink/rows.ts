/**
 * Rows and layouts as a ledger and a run give them.
 */
import { Either } from "effect"
import * as Select from "../../src/Answer/Select.ts"
import type { List, Row } from "../../src/Ledger.ts"
import type { Layout } from "../../src/Sink.ts"

export const row = (given: Partial<Row> = {}): Row => ({
  ordinal: 0,
  line: 1,
  key: "34102",
  input: "34102",
  columns: null,
  question: 1,
  outcome: "found",
  http_status: 200,
  attempts: 1,
  calls: 1,
  ms: 12.3,
  at: 1_700_000_000_000,
  body: "{\"city\":\"Naples\"}",
  error: null,
  isRepeat: false,
  ...given
})

/** An entry that is not a code. */
export const refused = (input: string): Row =>
  row({
    key: null,
    input,
    question: 0,
    outcome: "invalid",
    http_status: null,
    attempts: 0,
    calls: 0,
    ms: null,
    at: 0,
    body: null,
    error: "{\"type\":\"invalid_code\",\"message\":\"the code is empty\"}"
  })

export const list = (given: Partial<List> = {}): List => ({
  name: "zips.txt",
  source: "zips.txt",
  entries: 1,
  columns: [],
  column: null,
  inputs: [],
  expect: "json",
  select: [],
  outputs: [],
  ...given
})

export const layout = (given: Partial<Layout> = {}): Layout => ({
  list: list(),
  lookup: { expect: "json", inputs: [] },
  select: [],
  noTiming: false,
  entries: false,
  excel: false,
  ...given
})

export const select = (...texts: ReadonlyArray<string>) => texts.map((text) => Either.getOrThrow(Select.parse(text)))
