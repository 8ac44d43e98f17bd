/**
 * Structured fields: lists and dictionaries of items that have parameters. They are read strictly: what is malformed is `undefined` as a
 * whole. Inner lists are malformed too, because none of the fields that are read here has them.
 *
 * Source: RFC 9651, 3 and 4.2.
 */

/** A value as it is written, and of what type it is. */
export interface Value {
  readonly type: keyof typeof types
  readonly text: string
}

/** A value with its parameters. */
export interface Item {
  readonly value: Value
  readonly parameters: ReadonlyMap<string, Value>
}

/** The items of a list. */
export const list = (field: string): ReadonlyArray<Item> | undefined => members(field, item)

/** The items of a dictionary by their keys. */
export const dictionary = (field: string): ReadonlyMap<string, Item> | undefined => {
  const entries = members(field, entry)
  return entries && new Map(entries)
}

/** An integer that is not negative. */
export const natural = (value: Value | undefined): number | undefined =>
  value?.type === "integer" && !value.text.startsWith("-") ? Number(value.text) : undefined

/** The types; where two could begin alike, the longer one stands first. */
const types = {
  string: /"(?:[ !#-[\]-~]|\\["\\])*"/y,
  decimal: /-?\d{1,12}\.\d{1,3}/y,
  integer: /-?\d{1,15}/y,
  token: /[A-Za-z*][\w!#$%&'*+.^`|~:/-]*/y,
  bytes: /:[A-Za-z\d+/=]*:/y,
  boolean: /\?[01]/y,
  date: /@-?\d{1,15}/y,
  display: /%"(?:[ !#$&-~]|%[\da-f]{2})*"/y
}
const forms = Object.entries(types) as ReadonlyArray<[Value["type"], RegExp]>
const key = /[a-z*][a-z\d_.*-]*/y
const equals = /=/y
const semicolon = /; */y
const comma = /[ \t]*,[ \t]*/y

/** Where the reading of a field has come to. */
interface Cursor {
  readonly field: string
  at: number
}

const take = (cursor: Cursor, form: RegExp): string | undefined => {
  const from = form.lastIndex = cursor.at
  if (!form.test(cursor.field)) return undefined
  cursor.at = form.lastIndex
  return cursor.field.slice(from, cursor.at)
}

const members = <A>(field: string, member: (cursor: Cursor) => A | undefined): ReadonlyArray<A> | undefined => {
  const cursor = { field: field.trim(), at: 0 }
  const members: Array<A> = []
  do {
    const read = member(cursor)
    if (read === undefined) return undefined
    members.push(read)
  } while (take(cursor, comma) !== undefined)
  return cursor.at === cursor.field.length ? members : undefined
}

const item = (cursor: Cursor): Item | undefined => {
  const read = value(cursor)
  const parameters = read && parametersOf(cursor)
  return parameters && { value: read, parameters }
}

const entry = (cursor: Cursor): readonly [string, Item] | undefined => {
  const name = take(cursor, key)
  if (name === undefined) return undefined
  if (take(cursor, equals) !== undefined) {
    const read = item(cursor)
    return read && [name, read]
  }
  const parameters = parametersOf(cursor)
  return parameters && [name, { value: yes, parameters }]
}

const parametersOf = (cursor: Cursor): ReadonlyMap<string, Value> | undefined => {
  const parameters = new Map<string, Value>()
  while (take(cursor, semicolon) !== undefined) {
    const name = take(cursor, key)
    const read = name !== undefined && (take(cursor, equals) === undefined ? yes : value(cursor))
    if (!read) return undefined
    parameters.set(name, read)
  }
  return parameters
}

/** A key without a value. */
const yes: Value = { type: "boolean", text: "?1" }

const value = (cursor: Cursor): Value | undefined => {
  for (const [type, form] of forms) {
    const text = take(cursor, form)
    if (text !== undefined) return { type, text }
  }
  return undefined
}
