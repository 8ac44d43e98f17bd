/**
 * Starts one PostgreSQL for all tests; they find it with `inject("postgres")`.
 */
import type { TestProject } from "vitest/node"
import * as Postgres from "./postgres.ts"

declare module "vitest" {
  export interface ProvidedContext {
    readonly postgres: string
  }
}

export default async ({ provide }: TestProject) => {
  const server = await Postgres.start()
  console.error(`The tests use ${server.what}.`)
  provide("postgres", server.url)
  return server.stop
}
