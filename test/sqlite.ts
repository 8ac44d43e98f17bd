/**
 * SQLite databases as tests look at them: by the driver of the process, as the locks of two SQLites would not see each other.
 */
import { Effect } from "effect"
import * as Driver from "../src/Sql/Sqlite/Driver.ts"

/** What the driver has besides what the program uses. */
export interface Database extends Driver.Database {
  readonly exec: (text: string) => void
  readonly location: () => string | null
}

interface Module {
  readonly DatabaseSync: {
    new(file: string, options?: { readonly timeout?: number }): Database
    readonly prototype: Database
  }
}

export const { DatabaseSync } = (await Effect.runPromise(Driver.load)) as unknown as Module

/** Rows as objects, with their texts whole: some drivers cut what they read at U+0000. */
export const rows = (db: Database, text: string, ...params: ReadonlyArray<Driver.Parameter>): ReadonlyArray<any> => {
  const all = (text: string) => {
    const statement = db.prepare(text)
    statement.setReturnArrays(false)
    return statement.all(...params) as ReadonlyArray<any>
  }
  const found = all(text)
  if (found.length === 0 || !/^\s*select/i.test(text)) return found.map((row) => ({ ...row }))
  const columns = Object.keys(found[0]).map((name) => `"${name.replaceAll("\"", "\"\"")}"`)
  const bytes = columns.map((name) => `iif(typeof(${name}) = 'text', cast(${name} as blob), ${name}) as ${name}`)
  return all(`select ${bytes.join(", ")} from (${text})`).map((row) =>
    Object.fromEntries(
      Object.entries(row).map((
        [name, cell]
      ) => [name, cell instanceof Uint8Array ? Buffer.from(cell).toString() : cell])
    )
  )
}

/** The rows of one statement, on a connection of its own. */
export const query = (file: string, ...texts: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<any>> =>
  Effect.sync(() => {
    const db = new DatabaseSync(file, { timeout: 5_000 })
    try {
      return texts.map((text) => rows(db, text)).at(-1)!
    } finally {
      db.close()
    }
  })
