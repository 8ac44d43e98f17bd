/**
 * `${NAME}` in a URL of the command is taken from the environment, so that no secret stands in the list of processes.
 */
import { Config, Effect } from "effect"
import { UsageError } from "./Argv.ts"

const setting = /\$\{(\w+)\}/g

/** Fills in the settings, encoded for a URL. */
export const fill = (text: string): Effect.Effect<string, UsageError> =>
  Effect.gen(function*() {
    const values = new Map<string, string>()
    for (const [, name = ""] of text.matchAll(setting)) {
      const value = yield* Effect.mapError(
        Config.string(name),
        () => new UsageError({ message: `${name} is not set in the environment, and ${shown(text)} names it` })
      )
      values.set(name, encodeURIComponent(value))
    }
    return text.replace(setting, (_, name: string) => values.get(name)!)
  })

/** A URL for showing: without who asks, and their password. */
export const shown = (text: string): string => text.replace(/^(\w+:\/\/)[^/?#]*@/, "$1")

/** Whether a URL holds a password that is not a setting. */
export const hasPassword = (url: string): boolean => /^\w+:\/\/[^/@:]*:(?!\$\{\w+\}@)[^/@]+@/.test(url)
