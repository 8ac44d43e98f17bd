/**
 * Enrolment: from the source into the ledger, and from there to the sweep, page by page.
 */
import { Chunk, Effect, Either, Random, Stream } from "effect"
import * as Code from "../Code.ts"
import * as Entry from "../Entry.ts"
import { exactly } from "../Json.ts"
import { type Enrolled, Ledger, LedgerError, type List, type Unanswered } from "../Ledger.ts"
import type { Lookup } from "../Lookup.ts"
import { type Source, SourceError } from "../Source.ts"
import { meant, missingColumn } from "../Source/Column.ts"
import { clean, isPage, pageWords } from "../Source/Header.ts"
import * as Hygiene from "../Source/Hygiene.ts"
import { isOwn, results } from "../Source/Own.ts"
import { empty, slow } from "../Source/SourceError.ts"
import * as Told from "../Source/Told.ts"
import type * as Queue from "../Sweep/Queue.ts"
import type { Read } from "./Listing.ts"

/** Entries per batch. */
const batchSize = 4096
/** Codes in a row on which a pattern may take too long. */
const slowLimit = 20
/** Questions per page. */
const pageSize = 512

/** How much of a list has come. It is mutated in place. */
export interface Coming {
  /** Entries that have come. */
  read: number
  /** Entries that are entered. */
  entries: number
  /** Entries that are in the ledger though the list was interrupted while it came. */
  kept: number
}

/** Nothing has come yet. */
export const nothing = (): Coming => ({ read: 0, entries: 0, kept: 0 })

/** What is enrolled, and as what. */
export interface Options<R> {
  readonly source: Source<R>
  readonly rules?: Code.Rules
  /** Is kept up to date while the list comes. */
  readonly coming?: Coming
  /** An empty list is an error; it is none unless told so. */
  readonly refuseEmpty?: boolean
  /** The columns that are kept for the outputs, besides those that the request uses; all where none is named. */
  readonly carry?: ReadonlyArray<string> | undefined
  /** What tells the list from others in the ledger; the name of the source unless told otherwise. */
  readonly name?: string
  /** The list stands in the ledger as a whole: the source is not read. */
  readonly isEnlisted?: boolean
  /** What the run writes. */
  readonly sink?: { readonly outputs: ReadonlyArray<string>; readonly select: ReadonlyArray<string> }
}

/** Reads the source to its end and enters it, so that a bad row is found before anything is called; gives the id of the list, too. */
export const enroll = <R>(
  lookup: Lookup<unknown, unknown, unknown>,
  { carry, coming = nothing(), name, refuseEmpty = false, rules, sink, source }: Options<R>
): Effect.Effect<Read & { readonly id: number }, SourceError | LedgerError, R | Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const { url } = yield* lookup.fingerprint
    const before = earlier(yield* ledger.lists, name ?? source.name, source.name)
    const id = yield* ledger.enlist(name ?? source.name)
    const parse = Code.parse(rules ?? Code.anyCode)
    const firstKeys = new Set<string>()
    const refusals: Array<Read["refusals"][number]> = []
    let told = Told.none()
    let hygiene = Hygiene.make(false)
    /** Codes in a row on which the pattern took too long, and what is said of too many. */
    let slowCodes = 0
    let slowAt: number | undefined
    /** The columns of the list, and those of them that are kept. */
    const there = new Set<string>()
    const columns = new Set<string>()
    let lastNames: ReadonlyArray<string> | undefined
    const needed = new Set(lookup.inputs.map(Entry.columnOf))
    /** Columns of an earlier run, which are left behind. */
    let left: ReadonlySet<string> = new Set()
    const chosen = carry === undefined ? undefined : new Set(carry.map(clean))
    const isKept = (name: string) =>
      needed.has(name) || name === told.column
      || (chosen === undefined ? !left.has(name) : chosen.has(name))
    const carried = <A extends object>(columns: A) =>
      chosen === undefined && left.size === 0
        ? columns
        : Object.fromEntries(Object.entries(columns).filter(([name]) => isKept(name)))
    /** What is kept of a row, as JSON text. */
    const rowOf = ({ columns, json }: Entry.Entry): string | null => {
      if (columns === undefined) return null
      if (json === undefined) return JSON.stringify(carried(columns))
      const { value, write } = exactly(json, JSON.parse(json))
      return write(carried(value as object))
    }
    const enter = (entry: Entry.Entry): Enrolled => {
      if (entry.names === undefined || entry.names !== lastNames) {
        lastNames = entry.names
        for (const name of entry.names ?? Object.keys(entry.columns ?? {})) {
          there.add(name)
          if (isKept(name)) columns.add(name)
        }
      }
      const code = parse(entry.input)
      slowCodes = Either.isLeft(code) && code.left.isSlow === true ? slowCodes + 1 : 0
      if (slowCodes === slowLimit) slowAt = entry.line
      if (Either.isRight(code)) Hygiene.see(hygiene, code.right, entry.line, told.column)
      else if (refusals.length < 3) {
        refusals.push({ line: entry.line, input: entry.input, message: code.left.message })
      }
      const key = Either.isRight(code)
        ? Entry.key(Entry.question(code.right, entry.columns, lookup.inputs), lookup.inputs)
        : null
      if (key !== null && firstKeys.size < batchSize) firstKeys.add(key)
      return {
        ordinal: coming.entries++,
        line: entry.line,
        key,
        input: whole(entry.input),
        columns: rowOf(entry),
        error: Either.isLeft(code) ? JSON.stringify({ type: "invalid_code", message: code.left.message }) : null
      }
    }
    const listed = () => ({
      name: name ?? source.name,
      source: source.name,
      entries: coming.entries,
      columns: [...columns],
      column: told.column ?? source.column ?? (columns.size === 1 ? [...columns][0]! : null),
      inputs: lookup.inputs,
      expect: lookup.expect,
      select: sink?.select ?? [],
      outputs: sink?.outputs ?? []
    })
    coming.entries = 0
    const enterAll = (chunk: ReadonlyArray<Entry.Entry>) =>
      Effect.gen(function*() {
        const [first] = chunk
        told = yield* source.told ?? Effect.succeed(told)
        if (coming.entries === 0 && first !== undefined) {
          if (isPage(first.input)) return yield* noList(source.name, first)
          hygiene = Hygiene.make(first.columns !== undefined, told.column, url)
          if (isOwn(first.names ?? [])) {
            left = results
            told.assumed.push("outcome, http_status and error of an earlier run left behind")
          }
        }
        const entries: Array<Enrolled> = []
        for (const entry of chunk) {
          entries.push(enter(entry))
          if (slowAt !== undefined) return yield* slow(source.name, slowAt, told.unit, rules?.pattern, slowLimit)
        }
        yield* ledger.enroll(id, entries)
      })
    /** What has come of a list that cannot be read again, and is not entered yet. */
    let waiting: ReadonlyArray<Entry.Entry> = []
    const entries = Stream.mapChunks(source.entries, (chunk) => {
      coming.read += chunk.length
      if (source.isOnce === true) waiting = [...waiting, ...chunk]
      return chunk
    })
    yield* Stream.runForEachChunk(Stream.rechunk(entries, batchSize), (chunk) => {
      if (source.isOnce !== true) return enterAll(Chunk.toReadonlyArray(chunk))
      waiting = waiting.slice(chunk.length)
      return Effect.uninterruptible(enterAll(Chunk.toReadonlyArray(chunk)))
    }).pipe(
      Effect.onInterrupt(() =>
        source.isOnce !== true || coming.read === 0 ? Effect.void : Effect.ignore(Effect.gen(function*() {
          yield* enterAll(waiting)
          yield* ledger.enrolled(id, listed())
          coming.kept = coming.entries
        }))
      )
    )
    if (source.told !== undefined) told = yield* source.told
    if (coming.entries === 0) {
      if (refuseEmpty) return yield* empty(source.name)
      if (isOwn(told.names)) left = results
      for (const name of told.names) if (isKept(name)) columns.add(name)
    }
    if (coming.entries > 0) yield* checkColumns(lookup, { carry, source }, told, there)
    // whoever says what a code looks like has the others told as invalid
    const program = rules?.pattern === undefined ? Hygiene.programIn(hygiene) : undefined
    if (program !== undefined) return yield* noCodes(source.name, program, hygiene)
    yield* ledger.enrolled(id, listed())
    return { id, entries: coming.entries, firstKeys, told, before, refusals, hygiene }
  })

/** Takes a list as it stands in the ledger. */
export const stand = <R>(
  { coming = nothing(), name, sink, source }: Options<R>
): Effect.Effect<Read & { readonly id: number }, LedgerError, Ledger> =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    const found = (yield* ledger.lists).find((list) => list.name === (name ?? source.name))
    if (found === undefined) {
      return yield* new LedgerError({ reason: "Missing", ledger: ledger.name, message: `it holds no list ${name}` })
    }
    const { epoch: _, host: _host, id: _id, ...list } = found
    const id = yield* ledger.enlist(list.name)
    yield* ledger.enrolled(id, { ...list, ...sink })
    coming.entries = list.entries
    return {
      id,
      entries: list.entries,
      firstKeys: new Set(),
      told: Told.none(),
      before: undefined,
      refusals: [],
      hygiene: Hygiene.make(false)
    }
  })

/** Fails where the list alone tells that it does not go with the request; it is read as far as it takes to know. */
export const agree = <R>(
  { inputs }: Lookup<unknown, unknown, unknown>,
  { carry, source }: Pick<Options<R>, "carry" | "source">
): Effect.Effect<void, SourceError, R> =>
  Effect.gen(function*() {
    const there = new Set<string>()
    const wanted = [...inputs.map(Entry.columnOf), ...(carry ?? []).map(clean)]
    let isEmpty = true
    yield* Stream.runDrain(Stream.takeUntil(source.entries, ({ columns = {}, names = Object.keys(columns) }) => {
      isEmpty = false
      for (const name of names) there.add(name)
      return wanted.every((name) => there.has(name))
    }))
    const told = yield* source.told ?? Effect.succeed(undefined)
    if (!isEmpty) yield* checkColumns({ inputs }, { carry, source }, told, there)
  })

/** Fails where the request, or who chose columns, names one that is not there. */
const checkColumns = (
  { inputs }: Pick<Lookup<unknown, unknown, unknown>, "inputs">,
  { carry, source }: Pick<Options<unknown>, "carry" | "source">,
  told: Told.Told | undefined,
  there: ReadonlySet<string>
): Effect.Effect<void, SourceError> => {
  const needed = inputs.map(Entry.columnOf)
  const absent = needed.find((name) => !there.has(name))
  if (absent !== undefined) return missingInput(source.name, absent, [...there])
  const shared = needed.find((name) => told?.shared.has(name))
  if (shared !== undefined) return sharedName(source.name, shared)
  const unknown = carry?.find((name) => !there.has(clean(name)))
  return unknown === undefined ? Effect.void : missingColumn(source.name, undefined, unknown, [...there])
}

const noCodes = (
  source: string,
  { count, line }: { readonly count: number; readonly line: number },
  { codes }: Hygiene.State
) =>
  new SourceError({
    reason: "Syntax",
    source,
    line,
    detail: `this is the text of a program or of a page and no list: ${count} of ${codes} lines look so`,
    remedy: "pattern"
  })

const noList = (source: string, { input, line }: Entry.Entry) =>
  new SourceError({ reason: "Syntax", source, line, detail: pageWords(input) })

/** The list of this name, if it came from somewhere else. */
export const earlier = (
  lists: ReadonlyArray<List>,
  name: string,
  source: string
): Pick<List, "source" | "entries"> | undefined =>
  lists.find((list) => list.name === name && list.source !== source && list.entries > 0)

/** Half a character as its escape: as text it would be the same as any other half. */
const whole = (text: string): string =>
  text.isWellFormed()
    ? text
    : text.replace(/\p{Surrogate}/gu, (half) => `\\u${half.charCodeAt(0).toString(16)}`)

const sharedName = (source: string, name: string) =>
  new SourceError({
    reason: "Column",
    source,
    detail: `the request names {${name}}, and more than one column is called so: give each one a name of its own`
  })

const missingInput = (source: string, name: string, columns: ReadonlyArray<string>) =>
  new SourceError({
    reason: "Column",
    source,
    detail: columns.length === 0
      ? `the request names {${name}}, but this input has no columns: write {code} for the code`
      : `the request names {${name}}${meant(name, columns)}, but the columns are ${columns.join(", ")}${
        /^\W*code\W*$/i.test(name) ? ": write {code} for the code" : ""
      }`,
    columns
  })

/** Where questions are taken from, and who is shown each page of them. */
interface Pulling {
  readonly ledger: typeof Ledger.Service
  readonly list: number
  readonly lookup: Pick<Lookup<unknown, unknown, unknown>, "inputs" | "isParted" | "most">
  readonly see: (page: ReadonlyArray<Unanswered>) => void
}

/** Where the sweep gets its questions. */
interface Pulled {
  /** The next ones, a page at each call. */
  readonly pull: Effect.Effect<ReadonlyArray<Queue.Pending>, LedgerError>
  /** Some from all over the list, which no page will hold. */
  readonly elsewhere?: Effect.Effect<ReadonlyArray<Queue.Pending>, LedgerError>
}

/** The pending questions in their order, but for those that the last run has asked in vain: they come last. */
export const pending = (
  pulling: Pulling & { readonly entries: number },
  inVain: ReadonlySet<number>
): Pulled => {
  const { entries, ledger, list } = pulling
  // so that no call carries few because the page ends
  const { most = 1 } = pulling.lookup
  const size = Math.ceil(pageSize / most) * most
  let from = 0
  let late: ReadonlyArray<Unanswered> = []
  /** What was pulled from elsewhere, or comes last. */
  const taken = new Set(inVain)
  let places = 0
  const pull: Effect.Effect<ReadonlyArray<Queue.Pending>, LedgerError> = Effect.suspend(() =>
    Effect.flatMap(ledger.pending(list, from, size), (page) => {
      if (page.length === 0) {
        const last = late
        late = []
        return give(pulling, last)
      }
      from = page.at(-1)!.ordinal + 1
      if (taken.size === 0) return give(pulling, page)
      late = [...late, ...page.filter(({ question }) => inVain.has(question))]
      const rest = page.filter(({ question }) => !taken.has(question))
      return rest.length === 0 ? pull : give(pulling, rest)
    })
  )
  const one = Effect.suspend(() => {
    // the golden ratio: each place is far from those before it
    const place = from + Math.floor((++places * 0.618034) % 1 * (entries - from))
    return from >= entries ? Effect.succeed([]) : ledger.pending(list, place, 1)
  })
  const elsewhere = Effect.flatMap(Effect.replicateEffect(one, farSize), (found) => {
    // a page may have come meanwhile
    const far = found.flat().filter(({ ordinal, question }) =>
      ordinal >= from && !taken.has(question) && taken.add(question)
    )
    return give(pulling, far)
  })
  return { pull, elsewhere }
}

/** Questions that are pulled from elsewhere at once. */
const farSize = 8

/** Shows a page, and gives its questions with what was kept of them. */
const give = (
  { ledger, lookup, see }: Pulling,
  page: ReadonlyArray<Unanswered>
): Effect.Effect<ReadonlyArray<Queue.Pending>, LedgerError> => {
  see(page)
  const pending = page.map(toPending(lookup.inputs))
  return lookup.isParted === true
    ? Effect.map(
      ledger.parts.of(pending.map(({ id }) => id)),
      (parts) => pending.map((one) => ({ ...one, parts: parts.get(one.id) }))
    )
    : Effect.succeed(pending)
}

/** So many pending questions picked at random, each set of them as likely as any other, in their order; then none. */
export const sample = (pulling: Pulling, size: number): Pulled => {
  let isPicked = false
  const pull = Effect.suspend(() => {
    if (isPicked) return Effect.succeed([])
    isPicked = true
    return Effect.flatMap(pick(pages(pulling.ledger, pulling.list), size), (picked) => give(pulling, picked))
  })
  return { pull }
}

/** A question near the beginning of the list that an earlier run found an answer for. Answers may be large: one at a time. */
export const known = (
  ledger: typeof Ledger.Service,
  list: number,
  inputs: ReadonlyArray<string>,
  ordinal = 0
): Effect.Effect<Queue.Pending | undefined, LedgerError> =>
  Effect.flatMap(ledger.rows(list, ordinal, 1), ([row]) => {
    if (row === undefined || ordinal === looks) return Effect.succeed(undefined)
    return row.outcome === "found"
      ? Effect.succeed(toPending(inputs)({ key: row.key!, question: row.question }))
      : known(ledger, list, inputs, ordinal + 1)
  })

/** Entries among which a known one is looked for. */
const looks = 64

/** Reservoir sampling (Algorithm R): J. S. Vitter, "Random Sampling with a Reservoir", ACM TOMS 11(1), 1985. */
const pick = (pages: Effect.Effect<ReadonlyArray<Unanswered>, LedgerError>, size: number) =>
  Effect.gen(function*() {
    const picked: Array<Unanswered> = []
    let seen = 0
    for (let page = yield* pages; page.length > 0; page = yield* pages) {
      for (const one of page) {
        const place = seen++ < size ? seen - 1 : yield* Random.nextIntBetween(0, seen)
        if (place < size) picked[place] = one
      }
    }
    return picked.sort((a, b) => a.ordinal - b.ordinal)
  })

const pages = (ledger: typeof Ledger.Service, list: number) => {
  let from = 0
  return Effect.suspend(() =>
    Effect.tap(ledger.pending(list, from, pageSize), (page) =>
      Effect.sync(() => {
        from = (page.at(-1)?.ordinal ?? from) + 1
      }))
  )
}

const toPending =
  (inputs: ReadonlyArray<string>) => ({ key, question }: Pick<Unanswered, "key" | "question">): Queue.Pending => ({
    id: question,
    question: Entry.fromKey(key, inputs)
  })
