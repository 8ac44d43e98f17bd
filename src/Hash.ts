/**
 * The one hash of what is compared: SHA-256.
 */
import { Effect, Encoding } from "effect"

/** The hash of a text, as UTF-8, or of bytes, in hexadecimal digits. */
export const hex = (value: string | Uint8Array): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() =>
      crypto.subtle.digest(
        "SHA-256",
        typeof value === "string" ? new TextEncoder().encode(value) : value as Uint8Array<ArrayBuffer>
      )
    ),
    (hash) => Encoding.encodeHex(new Uint8Array(hash))
  )
