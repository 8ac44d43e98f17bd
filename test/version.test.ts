import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { version } from "../src/version.ts"

it("is the version of package.json", () => {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  assert.strictEqual(version, manifest.version)
})
