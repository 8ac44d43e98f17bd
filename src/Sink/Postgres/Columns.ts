/**
 * The types of the columns that hold values of answers and of the list. Rows come page by page, so a column takes the type of its first
 * values, and a wider one when others come: `bigint`, then `double precision`, else `text`, which holds them all.
 */
import { Effect } from "effect"
import * as Failure from "../../Ledger/Postgres/Failure.ts"
import type * as Session from "../../Ledger/Postgres/Session.ts"
import type { Advice } from "../../Outcome.ts"
import * as Shared from "../Shared.ts"
import type * as Rows from "../Table/Rows.ts"
import * as Sql from "../Table/Sql.ts"
import * as Value from "../Value.ts"

/** `empty`: text without a value, which may become anything. */
export type Type = "empty" | "boolean" | "bigint" | "double precision" | "text"

/** The type in SQL. */
export const sqlOf = (type: Type): string => type === "empty" ? "text" : type

/** A value as a parameter for such a column. */
export const parameter = (type: Type, value: Exclude<Value.Value, null>): unknown => {
  if (type === "boolean") return value
  const text = Value.textOf(value)
  // the digits that came, or those that `bigint` reads: 1e3 and 5.0 are whole
  return type === "bigint" ? String(BigInt(Shared.numberIn(value) ?? text)) : text
}

/** The columns of values of a table, as they are now. */
export interface Columns {
  /** Of each column; `undefined` where it holds no values. */
  readonly types: () => ReadonlyArray<Type | undefined>
  /** Widens what these rows do not fit. */
  readonly fit: (rows: ReadonlyArray<ReadonlyArray<unknown>>) => Effect.Effect<void, Session.SqlError>
  /** Looks again: another run may have widened them. */
  readonly look: Effect.Effect<void, Session.SqlError>
  readonly warnings: () => ReadonlyArray<Advice>
}

/** The columns of a table, each with its type as PostgreSQL writes it. */
export const select = (
  session: Session.Session,
  table: string
): Effect.Effect<ReadonlyArray<string>, Session.SqlError> =>
  session.select(selectColumns, [table], ([column]) => column as string)

/** Those of a table that is there, or will be made with columns of text. */
export const make = (
  session: Session.Session,
  table: string,
  columns: ReadonlyArray<Rows.Column>
): Effect.Effect<Columns, Session.SqlError> =>
  Effect.gen(function*() {
    let types: ReadonlyArray<Type | undefined> = []
    const became = new Set<string>()
    const look = Effect.gen(function*() {
      const found = new Set(yield* select(session, table))
      types = columns.map(({ kind, name }) => kind === "value" ? typeIn(found, name) : undefined)
      const texts = columns.filter(({ name }, index) => types[index] === "text" && found.has(`${name} text`))
      if (texts.length === 0) return
      const [has = []] = yield* session.select(
        `select ${texts.map(({ name }) => `count(${Sql.named(name)}) > 0`).join(", ")} from ${table}`,
        [],
        (cells) => cells
      )
      const empty = new Set(texts.filter((_, index) => has[index] === false))
      types = types.map((type, index) => empty.has(columns[index]!) ? "empty" : type)
    })
    const hasLong = (names: ReadonlyArray<string>) =>
      names.length === 0 ? Effect.succeed([]) : Effect.map(
        session.select(`select ${names.map(long).join(", ")} from ${table}`, [], (cells) => cells),
        ([has = []]) => names.filter((_, index) => has[index] === true)
      )
    const fit: Columns["fit"] = (rows) =>
      Effect.gen(function*() {
        let wanted = types.map((type, index) => type === undefined ? undefined : widened(type, sharedIn(rows, index)))
        if (wanted.every((type, index) => type === types[index])) return
        const isChanged = (from: Type, to: Type) => (_: unknown, index: number) =>
          types[index] === from && wanted[index] === to
        const longs = new Set(
          yield* hasLong(columns.filter(isChanged("bigint", "double precision")).map(({ name }) => name))
        )
        wanted = wanted.map((type, index) => longs.has(columns[index]!.name) ? "text" : type)
        const changed = columns.flatMap(({ name }, index) =>
          types[index] === wanted[index] || (types[index] === "empty" && wanted[index] === "text")
            ? []
            : [{ name, from: types[index]!, to: wanted[index]! }]
        )
        if (changed.length > 0) {
          const clauses = changed.map(({ from, name, to }) =>
            `alter column ${Sql.named(name)} type ${to} using ${converted(Sql.named(name), from, to)}`
          )
          yield* Effect.catchIf(
            session.run(`alter table ${table} ${clauses.join(", ")}`),
            // who may write rows need not be its owner: text holds everything
            (error) => Failure.code(error) === "42501" && changed.every(({ from }) => from === "empty"),
            () =>
              Effect.sync(() => {
                wanted = wanted.map((type, index) => types[index] === "empty" && type !== "empty" ? "text" : type)
              })
          )
        }
        for (const { from, name, to } of changed) if (from !== "empty" && to === "text") became.add(name)
        types = wanted
      })
    yield* look
    return {
      types: () => types,
      fit,
      look,
      warnings: () =>
        [...became].map((name) => ({
          message: `the column ${name} of ${table} is text now: its values are of more than one type`
        }))
    }
  })

/** Fails where the column is no longer what it was: text that looks like a number stays text. */
const converted = (name: string, from: Type, to: Type): string =>
  from === "empty" ? `(${name} || '!')::${to}` : to === "text" ? `${name}::text` : `(${name} + 0)::${to}`

const typeIn = (found: ReadonlySet<string>, name: string): Type =>
  found.size === 0
    ? "empty"
    : (["boolean", "bigint", "double precision"] as const).find((type) => found.has(`${name} ${type}`)) ?? "text"

const sharedIn = (rows: ReadonlyArray<ReadonlyArray<unknown>>, index: number): ReadonlySet<Shared.Shared> => {
  const seen = new Set<Shared.Shared>()
  for (const row of rows) {
    const cell = row[index] as Value.Value
    if (cell !== null) seen.add(Shared.of(cell))
  }
  return seen
}

const widened = (type: Type, seen: ReadonlySet<Shared.Shared>): Type => {
  if (seen.size === 0 || type === "text") return type
  const shared = Shared.typeOf(seen)
  const wanted = shared === "place" ? "bigint" : shared === "real" ? "double precision" : shared
  if (type === "empty" || type === wanted) return wanted
  const isNumber = (type: Type) => type === "bigint" || type === "double precision"
  return isNumber(type) && isNumber(wanted) && !seen.has("long") ? "double precision" : "text"
}

/** Whether a whole number is one that `double precision` does not hold. */
const long = (name: string) =>
  `coalesce(bool_or(${Sql.named(name)} not between -9007199254740991 and 9007199254740991), false)`

const selectColumns = `
  select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute
  where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`
