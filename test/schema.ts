/**
 * Schemas in the PostgreSQL of the test run.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"

/** Whether there is one. */
export const isThere: boolean = inject("postgres") !== ""

/** The URL with other parts. */
export const url = (change: (url: URL) => void): Redacted.Redacted => {
  const url = new URL(inject("postgres") || "postgres://nowhere/none")
  change(url)
  return Redacted.make(url.href)
}

/** The URL of the database with a schema of the test's own, which does not exist yet. It goes with the test, or with our server. */
export const fresh: Effect.Effect<Redacted.Redacted, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => `test-${randomUUID()}`),
    (schema) => process.env.DATABASE_URL ? query(`drop schema if exists "${schema}" cascade`) : Effect.void
  ),
  (schema) => url(({ searchParams }) => searchParams.set("schema", schema))
)

/** The schema that a URL names. */
export const nameOf = (url: Redacted.Redacted): string => new URL(Redacted.value(url)).searchParams.get("schema")!

/** The rows that a statement gives, on a connection of its own. */
export const query = (text: string): Effect.Effect<ReadonlyArray<any>> =>
  Effect.flatMap(PgClient.PgClient, (sql) => sql.unsafe(text)).pipe(
    // however busy the machine is
    Effect.provide(PgClient.layer({ url: Redacted.make(inject("postgres")), connectTimeout: "1 minute" })),
    Effect.orDie
  )
