import { assert, describe, it } from "@effect/vitest"
import { UsageError } from "../../src/Cli/Argv.ts"
import type { Failure } from "../../src/Cli/Command.ts"
import * as Exit from "../../src/Cli/Exit.ts"
import { DemoError } from "../../src/Demo.ts"
import { LedgerError } from "../../src/Ledger.ts"
import { SinkError } from "../../src/Sink.ts"
import { SourceError } from "../../src/Source.ts"
import { StopError } from "../../src/Sweep.ts"

const ledger = (reason: LedgerError["reason"]) => new LedgerError({ reason, ledger: "out.ledger", message: "why" })
const sink = (reason: SinkError["reason"]) => new SinkError({ reason, sink: "out", detail: "why" })
const stop = (reason: StopError["reason"]) => new StopError({ reason, message: "why", curl: "curl 'u'" })

describe("Exit.of", () => {
  const cases: ReadonlyArray<readonly [error: Failure, code: number, message: RegExp]> = [
    [new UsageError({ message: "why" }), 2, /^why$/],
    [new UsageError({ message: "why", command: "run" }), 2, /^why\nrollcall run --help shows the flags$/],
    [new SourceError({ reason: "Empty", source: "f", detail: "why" }), 2, /^f: why$/],
    [new DemoError({ reason: "AddressInUse", host: "h", port: 1, cause: "" }), 2, /in use/],
    [stop("setting"), 2, /^why$/],
    [stop("unreachable"), 4, /^stopped: why\nTry it by hand:\n {2}curl 'u'$/],
    [ledger("Mismatch"), 2, /^out.ledger: why$/],
    [ledger("Forgotten"), 2, /^out.ledger: why$/],
    [ledger("Missing"), 2, /^out.ledger: why$/],
    [ledger("Busy"), 5, /^out.ledger: why$/],
    [ledger("Open"), 5, /^out.ledger: why$/],
    [ledger("Read"), 5, /why/],
    [ledger("Write"), 5, /why/],
    [ledger("Binding"), 5, /why/],
    [sink("Exists"), 2, /^out: why$/],
    [sink("Clash"), 2, /why/],
    [sink("Open"), 5, /why/],
    [sink("Write"), 5, /why/],
    [sink("Busy"), 5, /why/],
    [sink("Closed"), 141, /^$/]
  ]
  it.each(cases)("%s: exit %d", (error, code, message) => {
    const exit = Exit.of(error)
    assert.strictEqual(exit.code, code)
    assert.match(exit.message, message)
  })

  it.each([new TypeError("oops"), "oops"])("asks for a report of what nobody has foreseen: %s", (thrown) => {
    const exit = Exit.defect(thrown)
    assert.strictEqual(exit.code, 1)
    assert.match(exit.message, /defect.*report.*oops/)
  })
})
