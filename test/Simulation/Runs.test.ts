import { assert, describe, it } from "@effect/vitest"
import { setImmediate } from "node:timers/promises"
import * as Draw from "../../src/Simulation/Draw.ts"
import { scale } from "../scale.ts"
import { judge } from "./judge.ts"
import { draw, show } from "./scenario.ts"
import { play } from "./world.ts"

/** How many seeds are tried; `SEEDS=10 SEED=4711` tries ten from 4711 on. */
const count = Number(process.env.SEEDS ?? scale(32, 2000, 20_000))
const first = Number(process.env.SEED ?? 0)
/** Every so often a seed is played twice. */
const twice = scale(32, 50, 50)

describe("whole runs", { timeout: Infinity }, () => {
  it(`keep every promise in ${count} scenarios of servers, policies, disks and crashes`, async () => {
    const broken: Array<string> = []
    let [calls, lives, minutes] = [0, 0, 0]
    for (let seed = first; seed < first + count && broken.length < 5; seed++) {
      // vitest is to hear of this process now and then
      await setImmediate()
      const scenario = draw(seed)
      const world = play(scenario)
      calls += world.calls.length
      lives += world.lives.length
      minutes += world.millis / 60_000
      const found = judge(world)
      if (seed % twice === 0 && play(scenario).trace !== world.trace) found.push("the same seed gave another run")
      if (found.length === 0) continue
      broken.push([
        `seed ${seed}: ${found.join("\n  ")}`,
        `  replay: SEED=${seed} SEEDS=1 npx vitest run --config scripts/vitest.config.ts test/Simulation/Runs.test.ts`,
        ...(count === 1 ? [show(scenario)] : [])
      ].join("\n"))
    }
    process.stderr.write(
      `simulation: ${count} seeds, ${lives} processes, ${calls} calls, ${Math.round(minutes)} virtual minutes\n`
    )
    assert.strictEqual(broken.join("\n"), "")
  })

  // what is told meanwhile comes too late for a call that waits for its connection
  it("hold the rate as the server sees it, and end, though connections take up to 300 ms", async () => {
    const broken: Array<string> = []
    for (let seed = first; seed < first + count && broken.length < 5; seed++) {
      await setImmediate()
      const scenario = draw(seed)
      if (scenario.rates.length === 0) continue
      const drawn = Draw.hash(seed, "connecting")
      let nth = 0
      const found = judge(play(scenario, undefined, () => 300 * Draw.of(drawn, nth++)))
      broken.push(
        ...found.filter((text) => /^(the rate|a run ends well|at any instant|nothing is left)/.test(text)).map((text) =>
          `seed ${seed}: ${text}`
        )
      )
    }
    assert.strictEqual(broken.join("\n"), "")
  })
})
