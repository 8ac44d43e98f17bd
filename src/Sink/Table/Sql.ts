/**
 * What tables say in the SQL of any database.
 */
import type * as Mark from "../Mark.ts"
import type { Column, Kind } from "./Rows.ts"

/** How far the rows of a run go. */
export interface Progress extends Mark.Place {
  readonly isComplete: boolean
}

/** The columns by which a row is known. */
export const key: ReadonlyArray<string> = ["run", "ordinal"]

/** A name, and a text, in SQL. */
export const named = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The columns in SQL, each with the type of its kind. */
export const definition = (columns: ReadonlyArray<Column>, types: Readonly<Record<Kind, string>>): string =>
  [
    ...columns.map(({ kind, name }) => `${named(name)} ${types[kind]}${key.includes(name) ? " not null" : ""}`),
    `primary key (${key.join(", ")})`
  ].join(", ")

/** What takes columns away from a table and adds others, clause by clause. */
export const changes = (
  drop: ReadonlyArray<string>,
  add: ReadonlyArray<Column>,
  types: Readonly<Record<Kind, string>>
): ReadonlyArray<string> => [
  ...drop.map((name) => `drop column ${named(name)}`),
  ...add.map(({ kind, name }) => `add column ${named(name)} ${types[kind]}`)
]

/** Their names; a table may have them in another order. */
export const names = (columns: ReadonlyArray<Column>): string => columns.map(({ name }) => named(name)).join(", ")

/** What makes an `insert` write rows anew that stand already. */
export const onConflict = (columns: ReadonlyArray<Column>): string => overwrite(key, columns.map(({ name }) => name))

const overwrite = (key: ReadonlyArray<string>, columns: ReadonlyArray<string>) =>
  `on conflict (${key.join(", ")}) do update set ${
    columns.filter((name) => !key.includes(name)).map((name) => `${named(name)} = excluded.${named(name)}`).join(", ")
  }`

/** The table that says how far runs are. */
export const marks = "rollcall_mark"
export const onMarkConflict = overwrite(["table_name", "run"], ["layout", "list", "epoch", "position", "is_complete"])

/** A row of it: the columns of {@link onMarkConflict}. */
export const progressOf = ([layout, list, epoch, position, isComplete]: ReadonlyArray<any>): Progress => ({
  layout,
  list,
  epoch,
  position,
  isComplete: Boolean(isComplete)
})
