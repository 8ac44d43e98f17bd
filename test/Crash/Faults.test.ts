/**
 * Disks that refuse: every call on a file of the run fails once with every error that it can come back with; disks that run full in the
 * middle of a write; a reader that goes away.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { join } from "node:path"
import type { DemoError } from "../../src/Demo.ts"
import { type Ended, folder, program, run } from "../command.ts"
import { isLong, say, scale, seeded, some, timeout } from "../scale.ts"
import * as Disk from "./disk.ts"
import { type Kind, sinks, written } from "./sinks.ts"
import * as Strace from "./strace.ts"
import * as Trial from "./trial.ts"

type Errno = `E${string}`

/** How an error is said in words. */
const words: Readonly<Record<Errno, RegExp>> = {
  ENOSPC: /the disk is full/,
  EDQUOT: /your share of the disk is used up/,
  EIO: /the disk failed|i\/o error/,
  EROFS: /read-only/,
  EMFILE: /too many (?:open )?files/,
  EFBIG: /too large/
}

/** SQLite has fewer words than errors: a disk that is full or failed, and a file that does not open. */
const wordsOfSqlite: Readonly<Record<Errno, RegExp>> = {
  ...words,
  ENOSPC: /the disk (?:is full|failed)/,
  EDQUOT: /the disk (?:is full|failed)/,
  EROFS: /(?:x\.ledger|out\.db): \S/,
  EMFILE: /(?:x\.ledger|out\.db): \S/
}

/** In words, with its exit code, and without a claim of success. */
const assertRefused = ({ exit, stderr }: Ended, isFinished: boolean, said: RegExp) => {
  const last = stderr.trimEnd().split("\n").at(-1)
  assert.strictEqual(exit, 5, last)
  // the whole line, which `match` would cut
  assert.isTrue(last!.startsWith("rollcall: ") && said.test(last!), `${last} (expected ${said})`)
  assert.notMatch(stderr, /\n\s+at |defect/)
  assert.isFalse(isFinished, "the output claims to be complete")
}

describe.skipIf(!Strace.available).concurrent("rollcall run: a call that fails", () => {
  const codes = Trial.mixed(150)
  // so slow that it says more than once how far the output is
  const api = { latency: "80 millis" } as const
  const ledger = ["x.ledger", "x.ledger-wal", "x.ledger-shm", "x.ledger-journal", "x.ledger-lock"]
  const [writes, syncs, opens, renames] = [
    ["write", "pwrite64", "writev", "pwritev"],
    ["fsync", "fdatasync"],
    ["open", "openat"],
    ["rename", "renameat", "renameat2"]
  ]

  /** What a call may come back with. An unlink that fails leaves a file behind, and that is all. */
  const errors = (call: string): ReadonlyArray<Errno> =>
    writes.includes(call)
      ? ["ENOSPC", "EDQUOT", "EIO"]
      : syncs.includes(call)
      ? ["EIO"]
      : opens.includes(call)
      ? ["EROFS", "EMFILE"]
      : renames.includes(call) || call === "ftruncate"
      ? ["ENOSPC"]
      : []

  const isSqlite = (file: string) => /^(?:x\.ledger|out\.db)/.test(file)

  /**
   * Where SQLite may go on. What is durable in its log it copies into the database when it closes; it says nothing where that fails, and
   * keeps the log. With two writes and two syncs of a journal a database gets its log, and with all later ones it becomes one file again,
   * which it need not. What is in `-shm` is made anew.
   */
  const isSpare = ({ call, file, nth }: Strace.Injection, before: ReadonlyArray<Strace.Logged>) =>
    /(?:ledger|db)$/.test(file)
      ? call === "ftruncate" || (!opens.includes(call) && nth !== 1)
      : file.endsWith("-wal")
      ? syncs.includes(call) && syncs.includes(before.at(-1)!.call)
      : file.endsWith("-journal")
      ? nth > (opens.includes(call) ? 1 : 2)
      : file.endsWith("-shm") && !opens.includes(call)

  /**
   * How many writes count as durable because a second sync went well after the first one had failed: the system has forgotten by then what
   * it could not write. They have to be written again, or cut off.
   */
  const syncedInVain = (calls: ReadonlyArray<Strace.Logged>): number => {
    const isSync = ({ call }: Strace.Logged) => syncs.includes(call)
    const failed = calls.findIndex(({ isInjected }) => isInjected)
    const before = calls.findLastIndex((call, index) => index < failed && isSync(call))
    const next = calls.findIndex((call, index) => index > failed && isSync(call))
    const between = calls.slice(failed + 1, next)
    if (next < 0 || between.some(({ call }) => call === "ftruncate")) return 0
    const again = new Set(between.map(({ offset }) => offset))
    return calls.slice(before + 1, failed).filter(({ offset }) => !again.has(offset)).length
  }

  /** The calls of a run that nothing befalls. */
  const undisturbed = (sink: Kind, files: ReadonlyArray<string>) =>
    Effect.scoped(Effect.gen(function*() {
      const { judge, options, words } = yield* Trial.make({ api, codes, sinks: [sink] })
      const ended = yield* Strace.traced(words, options, { files, calls: [...Strace.changes, ...opens] })
      yield* judge(ended)
      return Strace.count(ended.calls)
    }))

  /** The first, one in the middle and the last; in the short form one of them, and of what makes durable the one in the middle. */
  const occurrences = (call: string, count: number) =>
    Effect.gen(function*() {
      const all = [...new Set([1, Math.ceil(count / 2), count])]
      const one = syncs.includes(call) ? all.length - 2 : yield* Random.nextIntBetween(0, all.length)
      return scale([all[Math.max(0, one)]!], [all[Math.max(0, one)]!], all)
    })

  const strike = (sink: Kind, injection: Strace.Injection): Effect.Effect<void, DemoError> =>
    Effect.scoped(Effect.gen(function*() {
      const { isFinished, judge, log, options, run, words: command } = yield* Trial.make({ api, codes, sinks: [sink] })
      const { call, file, what } = injection
      const isSync = syncs.includes(call)
      const ended = yield* Strace.traced(command, options, {
        files: [file],
        calls: isSync ? [...writes, ...syncs, "ftruncate"] : [call],
        injection
      })
      const at = ended.calls.findIndex(({ isInjected }) => isInjected)
      if (at < 0) return yield* strike(sink, yield* Strace.sooner(injection))
      const isUnharmed = ended.exit === 0 && isSpare(injection, ended.calls.slice(0, at))
      // the last that is written to a database says that the output is complete, which it is
      const isLast = ended.exit === 5 && isSqlite(file) && (yield* isFinished)
      if (isUnharmed || isLast) yield* judge({ ...ended, exit: 0 })
      if (!isUnharmed) {
        const said = (isSqlite(file) ? wordsOfSqlite : words)[what as Errno]!
        assertRefused(ended, !isLast && (yield* isFinished), said)
      }
      const { calls } = yield* log
      yield* judge(yield* run)
      if (isUnharmed) assert.strictEqual((yield* log).calls, calls, "asked again after a run that was complete")
      if (isSync) assert.strictEqual(syncedInVain(ended.calls), 0, "pages of a sync that failed were synced once more")
    }))

  /** Everything that can happen on some files; in the short form the errors of a call take turns. */
  const strikes = (sink: Kind, files: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const injections: Array<Strace.Injection> = []
      const kinds = [...(yield* undisturbed(sink, files)).entries()]
      for (const [index, { call, count, file }] of some(kinds, 5, sinks.indexOf(sink))) {
        const all = errors(call)
        const turn = index + sinks.indexOf(sink)
        for (
          const what of scale(
            all.filter((_, place) => place === turn % all.length),
            all.filter((_, place) => place === turn % all.length),
            all
          )
        ) {
          // what does not open now does not open later: SQLite would try again to read it only
          const isLasting = opens.includes(call)
          for (const nth of yield* occurrences(call, count)) injections.push({ file, call, nth, what, isLasting })
        }
      }
      yield* Trial.each(injections, {
        run: (injection) => strike(sink, injection),
        name: Strace.describe,
        concurrency: 4
      })
      say(`${injections.length} faults: ${files.join()}`)
    })

  /** What is in `-shm` is made anew, and is left for the long form. */
  const unless = (files: ReadonlyArray<string>) => isLong ? files : files.filter((file) => !file.endsWith("-shm"))

  for (const sink of written) {
    it.live(
      `on the output in ${sink.name}`,
      () => strikes(sink, unless(sink.files)).pipe(seeded(`faults ${sink.name}`)),
      timeout
    )
  }
  it.live("on the ledger", () => strikes(sinks[0]!, unless(ledger)).pipe(seeded("faults")), timeout)

  if (isLong) {
    it.scopedLive(
      "on the ledger's database while the run goes on: it is copied from the log once more, all of it",
      () =>
        Effect.gen(function*() {
          // so many that SQLite copies before the end
          const codes = Trial.mixed(16_000)
          const { isFinished, judge, options, run, words } = yield* Trial.make({
            codes,
            sinks: sinks.slice(0, 1),
            words: ["-c", "64"]
          })
          const ended = yield* Strace.traced(words, options, {
            files: ["x.ledger"],
            calls: [...writes, ...syncs],
            injection: { file: "x.ledger", call: "fsync", nth: 2, what: "EIO" }
          })
          assert.strictEqual(syncedInVain(ended.calls), 0)
          if (ended.exit === 0) {
            yield* judge(ended)
            assert.isAbove(
              ended.calls.filter(({ call }) => syncs.includes(call)).length,
              2,
              "it was not synced before the end"
            )
          } else assertRefused(ended, yield* isFinished, wordsOfSqlite.EIO!)
          yield* judge(yield* run)
        }),
      timeout
    )
  }
})

describe.concurrent("rollcall run: a write that is cut short", () => {
  const codes = Trial.mixed(scale(600, 1_000, 1_000))

  const full = (sink: Kind, size: number, isLedgerElsewhere: boolean) =>
    Effect.scoped(Effect.gen(function*() {
      const elsewhere = yield* folder
      const { cwd, isFinished, judge, list, run } = yield* Trial.make({
        codes,
        sinks: [sink],
        ...(isLedgerElsewhere ? { ledger: join(elsewhere, "x.ledger") } : {})
      })
      yield* Disk.mount(cwd, size)
      list(codes)
      const ended = yield* run
      if (ended.exit === 0) return yield* Effect.as(judge(ended), false)
      assertRefused(ended, yield* isFinished, words.ENOSPC!)
      Disk.enlarge(cwd)
      yield* judge(yield* run)
      return true
    }))

  it.scopedLive.skipIf(!Disk.available)(
    "the ledger, by a disk that is full: nothing is asked twice but what was in flight",
    () =>
      Effect.forEach(
        scale([400], [700, 1_500], [400, 600, 700, 900, 1_200, 1_500]),
        (size) =>
          Effect.scoped(Effect.gen(function*() {
            const elsewhere = yield* folder
            const answered = Array.from({ length: scale(1_500, 3_000, 3_000) }, (_, index) => String(10_000 + index))
            const { judge, log, run } = yield* Trial.make({
              codes: answered,
              sinks: sinks.slice(0, 1),
              words: ["-c", "64"],
              ledger: join(elsewhere, "x.ledger")
            })
            yield* Disk.mount(elsewhere, size)
            const ended = yield* run
            assert.strictEqual(ended.exit, 5, ended.stderr)
            Disk.enlarge(elsewhere)
            yield* judge(yield* run)
            assert.isAtMost((yield* log).calls, answered.length + 64, `${size} KB`)
          }))
      ),
    timeout
  )

  /** Kilobytes of a disk for everything, and of one for the output alone. */
  const sizes = scale([24], [24, 400], Array.from({ length: 40 }, (_, index) => 24 + index * 20))
  const sizesOfOutput = scale([60], [60], Array.from({ length: 12 }, (_, index) => 12 + index * 8))

  for (const sink of written) {
    it.live.skipIf(!Disk.available)(`${sink.name}: by a disk that is full`, () =>
      Effect.gen(function*() {
        const disks = [
          ...(sink === sinks[0] ? sizes : []).map((size) => [size, false] as const),
          ...sizesOfOutput.map((size) => [size, true] as const)
        ]
        const ranFull = yield* Trial.each(disks, {
          run: ([size, isLedgerElsewhere]) => full(sink, size, isLedgerElsewhere),
          name: ([size]) => `${size} KB`,
          concurrency: 2
        })
        const count = ranFull.filter((one) => one).length
        say(`${sink.name}: ${count} of ${disks.length} disks ran full`)
        assert.isAbove(count, disks.length / 2)
      }), timeout)

    it.live(
      `${sink.name}: by a limit on the size of a file`,
      () =>
        Effect.forEach(scale([64], [64], [16, 32, 64, 100]), (size) =>
          Effect.scoped(Effect.gen(function*() {
            const { isFinished, judge, options, run: again, words } = yield* Trial.make({ codes, sinks: [sink] })
            const limited = ["bash", "-c", `ulimit -f ${size}; exec "$@"`, "bash", ...program]
            const ended = yield* run(words, { ...options, program: limited })
            assertRefused(ended, yield* isFinished, /too large|the disk (?:is full|failed)/)
            yield* judge(yield* again)
          }))),
      timeout
    )

    if (sink.bytes === undefined) continue
    it.scopedLive(
      `${sink.name}: by a reader that goes away`,
      () =>
        Effect.gen(function*() {
          const { cwd, judge, options, words } = yield* Trial.make({ codes, sinks: [sink] })
          const toStdout = [...words.filter((word) => !sink.words(cwd).includes(word)), "--format", sink.name]
          const pipe = (text: string) =>
            run(toStdout, { ...options, program: ["bash", "-c", `set -o pipefail; "$@" ${text}`, "bash", ...program] })
          const gone = yield* pipe("| head -1")
          assert.strictEqual(gone.exit, 141)
          assert.notMatch(gone.stderr, /EPIPE|rollcall:|Error|answered/)
          assert.match(gone.stdout, /^.+\n$/)
          yield* judge(yield* pipe(`> ${join(cwd, `out.${sink.name}`)}`))
        }),
      timeout
    )
  }
})
