/**
 * What a reply means, and what is picked out of it.
 */
import * as Key from "./Key.ts"

export const keys = {
  select: Key.several(Key.text, "="),
  "not-found-when": Key.rule,
  "found-when": Key.rule,
  "review-when": Key.rule,
  "invalid-when": Key.rule,
  "failed-when": Key.rule,
  "retry-when": Key.rule,
  "throttled-when": Key.rule,
  "stop-when": Key.rule,
  "on-status": Key.rule,
  "throttled-on": Key.rule,
  "allow-none": Key.toggle
}
