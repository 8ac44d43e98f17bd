/**
 * What is proved of a seed, by itself: the entry of a bundle into which a bug can be planted.
 */
import { judge } from "./judge.ts"
import { draw } from "./scenario.ts"
import { play } from "./world.ts"

/** The promises that are broken in the world of a seed; one that cannot be played to its end breaks them all. */
export const prove = (seed: number): ReadonlyArray<string> => {
  try {
    return judge(play(draw(seed)))
  } catch (cause) {
    return [String(cause)]
  }
}
