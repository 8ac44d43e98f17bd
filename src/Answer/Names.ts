/**
 * Names: those of the members that an answer has, and the one that may be meant where a path leads to nothing.
 */
import { nearest } from "../Nearest.ts"

/** Names that an answer has; the one that may be meant by what was `asked` where one is like it. Nothing where it has none. */
export const told = (asked: string | undefined, answer: unknown): string => {
  const like = asked === undefined ? undefined : near(asked, answer)
  const shown = like === undefined ? [...inside(answer)].slice(0, 5) : [like]
  return shown.map((name) => JSON.stringify(name)).join(", ")
}

/** The name that may be meant by what was asked. */
export const near = (asked: string, answer: unknown): string | undefined => nearest(asked, [...inside(answer)])

/** Whether any member of an answer, however deep, has a name. */
export const has = (answer: unknown, name: string): boolean => {
  if (typeof answer !== "object" || answer === null) return false
  return (!Array.isArray(answer) && Object.hasOwn(answer, name)) || Object.values(answer).some((one) => has(one, name))
}

/** The names in an answer, the outer ones first; of a list those of its first item. */
const inside = (value: unknown, depth = 0, names = new Set<string>()): ReadonlySet<string> => {
  if (typeof value !== "object" || value === null || depth > 4 || names.size > 200) return names
  if (Array.isArray(value)) return inside(value[0], depth + 1, names)
  for (const name of Object.keys(value)) names.add(name)
  for (const inner of Object.values(value)) inside(inner, depth + 1, names)
  return names
}
