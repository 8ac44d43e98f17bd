/**
 * Silence: with `NODE_DEBUG=undici` undici, and the one within Node that listens to it, would print every URL, and with it the keys in
 * queries. The command is built without that.
 */
import { channel } from "node:diagnostics_channel"
import { createRequire } from "node:module"

/** Lets undici tell what it does on channels of our own, where nobody listens. */
export const keep = (): void => {
  try {
    const { channels } = createRequire(import.meta.url)("undici/lib/core/diagnostics.js") as {
      readonly channels: Record<string, unknown>
    }
    for (const name of Object.keys(channels)) channels[name] = channel(`rollcall:undici:${name}`)
  } catch {
    // there is no undici beside this file: it is bundled, and whoever bundles it decides
  }
}
