/**
 * Draws: numbers that look random, and are the same for the same seed.
 */

/** A stream of draws from [0, 1): mulberry32. */
export const stream = (seed: number): () => number => {
  let state = mix(seed)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let drawn = Math.imul(state ^ (state >>> 15), 1 | state)
    drawn = (drawn + Math.imul(drawn ^ (drawn >>> 7), 61 | drawn)) ^ drawn
    return ((drawn ^ (drawn >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** A number for a text: FNV-1a. */
export const hash = (seed: number, text: string): number => {
  let hash = mix(seed ^ 0x811c9dc5)
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}

/** The draw from [0, 1) that belongs to a number; each `salt` gives another one. */
export const of = (hash: number, salt: number): number =>
  (mix(Math.imul(mix(hash + Math.imul(salt, 0x9e3779b1)), 0x01000193) ^ salt) >>> 0) / 0x1_0000_0000

/** A draw from the standard normal distribution, out of two from [0, 1): Box and Muller. */
export const normal = (u: number, v: number): number => Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v)

/** The finalizer of MurmurHash3. */
export const mix = (value: number): number => {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
