/**
 * `--redo` and `--redo-codes`: which answered questions are asked again.
 */
import type { FileSystem } from "@effect/platform"
import { Clock, Effect, Option } from "effect"
import * as Words from "../Job/Redo.ts"
import type { Redo } from "../Ledger.ts"
import { UsageError } from "./Argv.ts"
import type { Values } from "./Command.ts"
import * as Flag from "./Flag.ts"
import * as Text from "./Text.ts"

export const flags = {
  redo: Flag.of("redo", {
    group: "Output",
    value: "WHICH",
    help: "ask again: failed, forgotten, older-than=30d, …"
  }),
  redoCodes: Flag.of("redo-codes", {
    group: "Output",
    value: "FILE",
    help: "ask the codes in FILE again, one a line"
  })
}

/** What is asked again, word by word. */
export interface Asked {
  readonly words: ReadonlyArray<string>
  readonly which: ReadonlyArray<Redo>
}

/** What the flags mean now. */
export const parse = (
  { redo, redoCodes }: Values<typeof flags>
): Effect.Effect<Asked, UsageError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const parsed = redo.flatMap((text) => Words.parse(text, now))
    const words = parsed.map(([word]) => word)
    const which = parsed.map(([, which]) => which)
    if (Option.isNone(redoCodes)) return { words, which }
    return {
      words: [...words, `named in ${redoCodes.value}`],
      which: [...which, { codes: yield* codesOf("--redo-codes", redoCodes.value) }]
    }
  })

/** The codes in a file, one a line. */
export const codesOf = (flag: string, file: string) =>
  Text.read(`${flag} ${file}`, file).pipe(
    Effect.map((text) => text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")),
    Effect.filterOrFail(
      (codes) => codes.length > 0,
      () => new UsageError({ message: `${flag} ${file} holds no code` })
    )
  )
