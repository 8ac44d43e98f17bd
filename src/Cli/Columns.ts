/**
 * What a request names in braces, and the columns of the list that stand for it. The column of the code answers to its own name, to the one
 * that `--as` gives it, and to `{code}`.
 */
import { Array } from "effect"
import { columnCalledCode } from "../Entry.ts"
import * as Url from "../Lookup/Url.ts"
import { meant } from "../Source/Column.ts"
import { clean } from "../Source/Header.ts"
import { SourceError } from "../Source/SourceError.ts"

/** What the flags say of columns and of the templates that name them. */
export interface Given {
  /** `name=COLUMN`. */
  readonly aliases: ReadonlyArray<string>
  readonly column: string | undefined
  readonly url: string
  /** Values of headers, and the body. */
  readonly texts: ReadonlyArray<string>
}

/** What follows from it. */
export interface Columns {
  /** The column of the code: the one that is named, or the only one in braces. */
  readonly column: string | undefined
  readonly isGuess: boolean
  /** `{code}` stands in the request while another column is the key. */
  readonly isCodeNamed: boolean
  /** Writes a template with the names that the request knows. */
  readonly fill: (template: string) => string
}

/** Finds the column of the code, and what stands for each name in braces. */
export const make = ({ aliases, column, texts, url }: Given): Columns => {
  const columns = new Map(aliases.map((alias) => {
    const [name, ...column] = alias.split("=")
    return [name!, clean(column.join("="))]
  }))
  const names = typed({ texts, url })
  const hasCode = names.includes("code") && !columns.has("code")
  const wanted = new Set(names.filter((name) => name !== "code").map((name) => columns.get(name) ?? clean(name)))
  const only = !hasCode && wanted.size === 1 ? [...wanted][0] : undefined
  const key = column ?? only
  const isKey = (column: string) => key !== undefined && column === clean(key)
  const rename = (name: string): string => {
    const column = columns.get(name)
    if (column === undefined && name === "code") return name
    const wanted = column ?? clean(name)
    // where {code} stands too, a request that was legal before stays the same
    if (isKey(wanted) && !hasCode) return "code"
    if (column === "code") return isKey("code") ? "code" : columnCalledCode
    return column ?? name
  }
  return {
    column: key,
    isGuess: column === undefined && only !== undefined,
    isCodeNamed: hasCode && column !== undefined && clean(column) !== "code",
    fill: (template) =>
      template.replace(
        /(?<!\$)\{([?&/;.]?)([^{}]*)\}/g,
        (_, operator: string, list: string) => written(operator, list.split(","), rename)
      )
  }
}

/** Whether a name in braces is that of a variable of the environment, where no column is called so or nearly so. */
export const isSetting = (
  name: string,
  columns: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): boolean =>
  /^\w+$/.test(name) && !columns.includes(clean(name))
  && (environment[name] !== undefined || (/^[A-Z][A-Z\d_]{2,}$/.test(name) && meant(name, columns) === ""))

/** An error about columns of a request whose names in braces are `names`: one of them may be a variable without its `$`. */
export const explain = (
  error: SourceError,
  names: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): SourceError => {
  const { columns } = error
  const name = columns === undefined ? undefined : names.find((name) => isSetting(name, columns, environment))
  return name === undefined ? error : new SourceError({
    reason: "Column",
    source: error.source,
    detail: `the request names {${name}}, and no column is called so: did you mean \${${name}}?`,
    columns
  })
}

/** The names in braces of a request. */
export const typed = ({ texts, url }: Pick<Given, "texts" | "url">): ReadonlyArray<string> => [
  ...new Set([...Url.names(url), ...named(texts)])
]

const variable = /^(.*?)(\*|:[1-9]\d{0,3})?$/s

/** An expression with its names renamed. One that shows its names keeps them as they were typed. */
const written = (operator: string, list: ReadonlyArray<string>, rename: (name: string) => string): string => {
  const variables = list.map((typed) => {
    const [, name = "", modifier = ""] = variable.exec(typed)!
    const column = rename(name)
    const text = `${column}${modifier}`
    return {
      name,
      column,
      text,
      shown: `${encodeURIComponent(name)}={${text}}`,
      isSpread: modifier === "*" && column === name
    }
  })
  const isShown = /[?&;]/.test(operator)
  const isOurs = variables.some(({ column, name }) =>
    column !== name && (column === "code" || column === columnCalledCode)
  )
  const texts = (of: typeof variables) => of.map(({ text }) => text).join(",")
  if (!isShown || !isOurs) return `{${operator}${texts(variables)}}`
  const separator = operator === "?" ? "&" : operator
  const [spread, others] = Array.partition(variables, ({ isSpread }) => !isSpread)
  return operator + others.map(({ shown }) => shown).join(separator)
    // each item of a list has the name of its own
    + (spread.length === 0 ? "" : `{${separator}${texts(spread)}}`)
}

/** What stands in braces in headers and bodies and could be a column: a JSON body has braces of its own. */
export const named = (templates: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(
    templates.flatMap((text) =>
      [...text.matchAll(/(?<!\$)\{([\p{L}_][\p{L}\p{N}_ .-]*)\}/gu)].map((match) => match[1]!)
    )
  )
]
