/**
 * `--events`: what is said on standard error is JSON, an event a line, whoever says it.
 */
import { DateTime, Schema } from "effect"
import * as Event from "../Event.ts"
import * as Secrets from "./Secrets.ts"

/** The words of the command that is followed, and what is known of its end; nothing where nobody follows. */
let followed: {
  readonly words: ReadonlyArray<string>
  readonly hasSecrets: boolean
  readonly restore: () => void
  end: End | undefined
} | undefined

/** What is known of an end before its exit code. */
type End = Pick<typeof Event.Ended.Type, "reason" | "summary" | "until"> & { readonly next?: Next | undefined }

/** What goes on, in words, and how its command differs from the one that was typed; none: it is not known. */
export interface Next {
  readonly text: string
  readonly command?: {
    /** Flags that are left out, each with whether it has a value. */
    readonly without?: Readonly<Record<string, boolean>>
    readonly plus?: ReadonlyArray<string>
  } | undefined
}

export const isOn = (): boolean => followed !== undefined

/** Whether events are asked for, as far as can be told before the words are parsed. */
export const areAsked = (
  words: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): boolean => {
  const end = words.indexOf("--")
  return words.slice(0, end < 0 ? words.length : end).includes("--events")
    || /^(1|true|yes|on)$/i.test(environment.ROLLCALL_EVENTS ?? "")
}

/** Begins a command: everything that is said from now on is an event, or nothing is. */
export const begin = (
  isAsked: boolean,
  words: ReadonlyArray<string> = [],
  environment: Readonly<Record<string, string | undefined>> = {}
): void => {
  followed?.restore()
  followed = undefined
  if (!isAsked) return
  // Node's own listener would write them as text
  const listeners = process.rawListeners("warning") as Array<(warning: Error) => void>
  const warn = (warning: Error) => say(`${warning.name}: ${warning.message}`, "warning")
  process.removeAllListeners("warning")
  process.on("warning", warn)
  followed = {
    words,
    hasSecrets: Secrets.mayHold(words, environment),
    end: undefined,
    restore: () => {
      process.off("warning", warn)
      for (const listener of listeners) process.on("warning", listener)
    }
  }
}

/** Writes an event, where somebody follows. */
export const tell = (event: Event.Event): void => {
  if (followed !== undefined) process.stderr.write(`${encode(event)}\n`)
}

const encode = Schema.encodeSync(Schema.parseJson(Event.Event))

/** How much a message matters. */
export type Level = typeof Event.Message.Type["level"]

/** Writes text as events; who warns or fails begins a line with it, unless told otherwise. */
export const say = (text: string, level?: Level): void => {
  const parts: Array<{ level: Level; text: string }> = []
  for (const line of text.split("\n")) {
    const [, word] = level === undefined ? /^(warning|rollcall): /.exec(line) ?? [] : []
    const last = parts.at(-1)
    if (last !== undefined && word === undefined) last.text += `\n${line}`
    else {
      parts.push({
        level: level ?? (word === undefined ? "info" : word === "warning" ? "warning" : "error"),
        text: word === undefined ? line : line.slice(word.length + 2)
      })
    }
  }
  for (const part of parts) tell({ ...stamp(), event: "message", ...part })
}

const stamp = () => ({ version: 1, at: DateTime.toEpochMillis(DateTime.unsafeNow()) }) as const

/** What is known of the end of a run, for its last event. */
export const conclude = (end: End): void => {
  if (followed !== undefined) followed.end = end
}

/** Writes the last event, once; `reason` stands where nothing more is known. */
export const end = (exit: number, reason: Event.Reason): void => {
  if (followed === undefined) return
  const { end = { reason }, hasSecrets, words } = followed
  const { next, ...known } = end
  tell({
    ...stamp(),
    event: "ended",
    ...known,
    exit,
    ...(next === undefined ? {} : { next: { text: next.text, ...(hasSecrets ? {} : commandOf(words, next)) } })
  })
  const { restore } = followed
  followed = undefined
  restore()
}

/** The words of the next command, where it is known. */
const commandOf = (words: ReadonlyArray<string>, { command }: Next) => {
  if (command === undefined) return {}
  const { plus = [], without = {} } = command
  const left: Array<string> = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const [name = ""] = word.split("=")
    const hasValue = name.startsWith("--") ? without[name.slice(2)] : undefined
    if (hasValue === undefined) left.push(word)
    else if (hasValue && !word.includes("=")) at++
  }
  const end = left.indexOf("--")
  return {
    command: ["rollcall", ...(end < 0 ? [...left, ...plus] : [...left.slice(0, end), ...plus, ...left.slice(end)])]
  }
}
