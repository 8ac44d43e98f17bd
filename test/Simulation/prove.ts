/**
 * What is proved of a seed, by itself: the entry of a bundle into which a bug can be planted.
 */
import { judge } from "./judge.ts"
import { draw } from "./scenario.ts"
import { play } from "./world.ts"

/** As long as a good world takes, but for a few; one with a bug may stand for an hour. */
const most = { limit: 900_000, steps: 2_000_000 }

/** The promises that are broken in the world of a seed; one that cannot be played to its end breaks them all. */
export const prove = (seed: number): ReadonlyArray<string> => {
  try {
    return judge(play(draw(seed), most))
  } catch (cause) {
    return [String(cause)]
  }
}
