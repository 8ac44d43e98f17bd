/**
 * Publishes the wire formats as JSON Schemas: dist/schema/NAME.json, which users read as `rollcall/schema/NAME.json`.
 */
import { JSONSchema, type Schema } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import * as Code from "../src/Code.ts"
import * as Entry from "../src/Entry.ts"
import * as Event from "../src/Event.ts"
import * as Job from "../src/Job.ts"
import * as Outcome from "../src/Outcome.ts"
import * as Policy from "../src/Policy.ts"
import * as Snapshot from "../src/Snapshot.ts"
import * as Summary from "../src/Summary.ts"

/** What is published, by its file's name; each Schema stands for its encoded side. */
const published: Record<string, Schema.Schema.All> = {
  code: Code.Code,
  entry: Entry.Entry,
  question: Entry.Question,
  job: Job.Job,
  record: Outcome.Record,
  error: Outcome.ErrorRecord,
  policy: Policy.Policy,
  summary: Summary.Summary,
  snapshot: Snapshot.Snapshot,
  event: Event.Event
}

const folder = resolve(import.meta.dirname, "../dist/schema")

mkdirSync(folder, { recursive: true })
for (const [name, schema] of Object.entries(published)) {
  const document = JSONSchema.make(schema as Schema.Schema<unknown>)
  writeFileSync(resolve(folder, `${name}.json`), `${JSON.stringify(document, null, 2)}\n`)
}
