/**
 * The tables of a ledger in PostgreSQL: a schema of their own, or one that holds nothing else.
 */
import { Effect } from "effect"
import { LedgerError } from "../../Ledger.ts"
import type { Address } from "./Address.ts"
import type { Session } from "./Session.ts"

/** The version of the tables, which is not that of the program: a table more is no other one. */
const version = 1

/** A name within SQL. */
export const quoted = (schema: string): string => `"${schema}"`

/** Makes the tables where there are none; the ledger must be held. A schema that is not ours is left as it is. */
export const prepare = (session: Session, address: Address) =>
  Effect.flatMap(identify(session, address), (found) =>
    found.version !== undefined
      ? session.run(standing(address.schema))
      : session.run(`${found.isThere ? "" : `create schema ${quoted(address.schema)};`} ${tables(address.schema)}`))

/** A reader needs what a run has made. */
export const identifyForReading = (session: Session, address: Address) =>
  Effect.flatMap(identify(session, address), ({ version }) =>
    version !== undefined
      ? Effect.void
      : new LedgerError({ reason: "Missing", ledger: address.name, message: "there is no such ledger" }))

/** Takes the tables away, and the schema unless somebody else uses it. */
export const drop = (session: Session, { schema }: Address) => {
  const always = ["note", "list", "standing", "change", "question", "entry", "outcome", "superseded", "reserve"]
  const tables = [...always, "step", "asks", "link", "outbox", "part"]
  const dropTables = session.run(`drop table if exists ${tables.map((table) => `${quoted(schema)}.${table}`).join()}`)
  const dropSchema = Effect.ignore(session.run(`drop schema ${quoted(schema)}`))
  return schema === "public" ? dropTables : Effect.zipRight(dropTables, dropSchema)
}

/** Whose schema it is, and of which version. */
const identify = (session: Session, { name, schema }: Address) =>
  Effect.gen(function*() {
    const [found] = yield* session.select(
      selectIdentity,
      [quoted(schema), `${quoted(schema)}.note`],
      ([isThere, isUsed, comment, encoding]) => ({
        isThere: isThere as boolean,
        isUsed: isUsed as boolean,
        version: /^rollcall ledger, version (\d+)$/.exec(comment)?.[1],
        encoding: encoding as string
      })
    )
    const { encoding, isThere, isUsed, version: text } = found!
    if (encoding !== "UTF8") {
      return yield* refused(
        name,
        `the database's encoding is ${encoding}: make another one with createdb -T template0 -E UTF8`
      )
    }
    if (text === undefined && isUsed) {
      return yield* refused(name, "the schema holds other tables: name another one with ?schema= in the URL")
    }
    if (Number(text) > version) {
      return yield* refused(name, `it is of version ${text}, and this rollcall knows ${version}: use a newer one`)
    }
    return { isThere, version: text }
  })

const refused = (ledger: string, message: string) => new LedgerError({ reason: "Open", ledger, message })

/** Parameters: the schema, and its table `note`, whose comment tells a ledger. */
const selectIdentity = `
  select to_regnamespace($1) is not null, exists (select from pg_class where relnamespace = to_regnamespace($1)),
    obj_description(to_regclass($2), 'pg_class'), current_setting('server_encoding')`

const outcome = `
  question bigint, outcome text not null, http_status int, attempts bigint not null, calls bigint not null, ms float8,
  at bigint not null, body text, error text`

const standing = (schema: string) => `
  create table if not exists ${quoted(schema)}.standing (
    list int primary key, epoch bigint not null, outcomes bigint not null, oldest bigint, stale bigint not null, since bigint)`

/** One transaction, as the server does several statements that come in one. */
const tables = (schema: string) => {
  const at = quoted(schema)
  return `
    create table ${at}.note (name text primary key, value text not null);
    comment on table ${at}.note is 'rollcall ledger, version ${version}';
    -- first: the epoch that the list began with, by chance, so that one of another ledger is told apart
    create table ${at}.list (
      id int generated always as identity (minvalue 0) primary key, name text not null unique, value text, used int not null default 0,
      first bigint not null, epoch bigint not null, is_counted boolean not null default false,
      entries bigint not null default 0, questions bigint not null default 0, refused bigint not null default 0,
      forgotten bigint not null default 0, found bigint not null default 0, not_found bigint not null default 0,
      invalid bigint not null default 0, failed bigint not null default 0, skipped bigint not null default 0);
    create table ${at}.change (
      list int not null, epoch bigint not null, ordinal bigint not null, primary key (list, epoch));
    -- a key may be too long for a B-tree
    create table ${at}.question (
      id bigint generated always as identity primary key, key text not null, exclude using hash (key with =));
    create table ${at}.entry (
      list int not null, ordinal bigint not null, line bigint not null, question bigint, input text not null, columns text,
      error text, primary key (list, ordinal));
    create index on ${at}.entry (question, list, ordinal);
    create table ${at}.outcome (${outcome}, primary key (question));
    create table ${at}.superseded (${outcome});
    ${standing(schema)}`
}
