/**
 * What is asked first after a pause, when everybody is refused for asking too much, or when some are refused for what they are, as a block of
 * codes may be. Where what is next in line is refused pause after pause, witnesses are asked by turns: what was answered before, or what is far
 * away. A pause is as good for the one as for the other, so that witnesses who are answered tell that it is no matter of the load. A pure machine.
 */

/** Who was asked first after pauses. */
export interface Trial {
  /** How often in a row another one than a witness was refused. */
  readonly refused: number
  /** How often witnesses were answered since they are asked. */
  readonly witnessed: number
}

/** No pause yet. */
export const none: Trial = { refused: 0, witnessed: 0 }

/** A witness is one whose answer is known, or one that is far from the others, and may still be of their kind. */
export type Role = "other" | "known" | "far"

/** So many are refused before witnesses are asked. */
const many = 3
/** So many witnesses make it likely that it is no matter of the load, and so many certain: one question may fail for it. */
const [few, enough] = [2, 6]

/** Whether witnesses are to be asked. */
export const isDue = ({ refused }: Trial): boolean => refused >= many

/** Whether it is a witness's turn: by turns, and so that neither always comes after the longer pause. */
export const isWitness = (turn: number): boolean => turn % 4 === 0 || turn % 4 === 3

/** Whether the others seem to be refused for what they are, so that they need slow nobody down. */
export const isLikely = (trial: Trial): boolean => isDue(trial) && trial.witnessed >= few

/** Whether they are. */
export const isCertain = (trial: Trial): boolean => isDue(trial) && trial.witnessed >= enough

/** The first one after a pause was refused for asking too much. */
export const refused = (trial: Trial, role: Role): Trial =>
  role === "known" ? none : { ...trial, refused: trial.refused + 1 }

/** The first one after a pause was answered. */
export const answered = (trial: Trial, role: Role): Trial =>
  role === "other" ? none : { ...trial, witnessed: trial.witnessed + 1 }
