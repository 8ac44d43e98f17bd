import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Hash from "../src/Hash.ts"

// of FIPS 180-2
const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

it.effect("a text and its bytes have one hash", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* Hash.hex("abc"), abc)
    assert.strictEqual(yield* Hash.hex(new TextEncoder().encode("abc")), abc)
  }))
