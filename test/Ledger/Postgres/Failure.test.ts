import { SqlError } from "@effect/sql/SqlError"
import { assert, describe, it } from "@effect/vitest"
import { LedgerError } from "../../../src/Ledger.ts"
import * as Failure from "../../../src/Ledger/Postgres/Failure.ts"

const error = (message: string, code?: string) => Object.assign(new Error(message), code === undefined ? {} : { code })

describe("Failure", () => {
  it.each<[cause: unknown, message: RegExp]>([
    [error("connect ECONNREFUSED 127.0.0.1:5432", "ECONNREFUSED"), /^nothing listens there: /],
    [error("connect ENOENT /tmp/.s.PGSQL.5432", "ENOENT"), /^nothing listens there: /],
    [error("getaddrinfo ENOTFOUND db", "ENOTFOUND"), /^there is no such host: /],
    [error("connect ETIMEDOUT 10.0.0.1:5432", "ETIMEDOUT"), /^it does not answer: /],
    [error("timeout expired"), /^it does not answer: /],
    [error(Failure.unanswered), /^it does not answer: .*no other program has its tables locked/],
    [error("timeout exceeded when trying to connect"), /^it does not answer: /],
    [error("Connection terminated unexpectedly"), /^the connection was lost: .*what is answered is kept$/],
    [error("Client has encountered a connection error and is not queryable"), /^the connection was lost: /],
    [error("read ECONNRESET", "ECONNRESET"), /^the connection was lost: /],
    [error("terminating connection due to administrator command", "57P01"), /^the connection was lost: /],
    [error("the database system is starting up", "57P03"), /^the server is starting or stopping: /],
    [error("password authentication failed for user \"a\"", "28P01"), /^it refuses this user and password: /],
    [
      error("no pg_hba.conf entry for host \"::1\", user \"a\", database \"a\", no encryption", "28000"),
      /^it wants TLS: /
    ],
    [error("role \"a\" is not permitted to log in", "28000"), /^it refuses this user and password: /],
    [error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"), /^it wants a password: /],
    [error("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"), /^its certificate is not trusted: /],
    [error("certificate has expired", "CERT_HAS_EXPIRED"), /^its certificate has expired: /],
    [error("database \"a\" does not exist", "3D000"), /^there is no such database: /],
    [error("permission denied for schema a", "42501"), /^you may not do that there: /],
    [error("cannot execute INSERT in a read-only transaction", "25006"), /^it is only for reading: /],
    [
      error("could not extend file: No space left on device", "53100"),
      /^the server's disk is full: make room and run the same command again, what is answered is kept$/
    ],
    [error("sorry, too many clients already", "53300"), /^the server takes no more connections: /],
    [error("could not read block 1", "58030"), /^the server's disk failed: /],
    [error("invalid page in block 1", "XX001"), /^it is damaged: /],
    [error("something new\nselect 1", "99999"), /^something new$/],
    ["a text", /^a text$/]
  ])("says what to do about %s", (cause, message) => {
    for (const given of [cause, new SqlError({ cause, message: "Failed to execute statement" })]) {
      const made = Failure.make("postgres://h:5432/db", "Write")(given)
      assert.deepInclude(made, { reason: "Write", ledger: "postgres://h:5432/db" })
      if (given === cause || cause instanceof Error) assert.match(made.message, message)
    }
  })

  it("keeps the code, and nothing else that pg hangs on an error", () => {
    const client = { connectionParameters: { password: "secret" } }
    const cause = Object.assign(error("no", "28P01"), { client, detail: "Failing row contains (secret)" })
    const made = Failure.make("postgres://h:5432/db", "Open")(new SqlError({ cause, message: "Failed" }))
    assert.deepStrictEqual(Object.entries(made.cause as object), [["code", "28P01"]])
    assert.strictEqual((made.cause as Error).message, "no")
  })

  it("leaves an error of a ledger as it is", () => {
    const made = new LedgerError({ reason: "Mismatch", ledger: "a", message: "no" })
    assert.strictEqual(Failure.make("a", "Open")(made), made)
  })
})
