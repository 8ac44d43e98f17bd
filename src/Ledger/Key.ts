/**
 * Key: the name of a question among those of all steps. That of a question of step 0, the request of the ledger, is the question's own; no
 * code that was trimmed begins with the sign that tells the others.
 */

/** It separates units. */
const sign = "\u001f"

/** The key of a question of a step. */
export const make = (step: number, key: string): string => step === 0 ? key : `${sign}${step}${sign}${key}`

/** The question's own key. */
export const plain = (key: string): string => key.startsWith(sign) ? key.slice(key.indexOf(sign, 1) + 1) : key
