/**
 * A lookup whose answers come in pages, and a server in virtual time that gives them: each page but the last names the next one.
 */
import { Effect, Option } from "effect"
import type { Lookup } from "../src/Lookup.ts"
import type { Ask, Call } from "../src/Lookup/Ask.ts"
import * as Classify from "../src/Lookup/Classify.ts"
import type { LookupError } from "../src/Outcome.ts"
import type { Reply } from "../src/Reply.ts"

/** A server of as many pages for each code; `fails` gives the status of a page that is not given, or that it never comes. */
export const serve = (
  count: number,
  fails: (code: string, page: number, nth: number) => Effect.Effect<number | "never" | undefined>
) => {
  const requests: Array<string> = []
  const request = (code: string, page: number): Effect.Effect<Reply> =>
    Effect.clockWith((clock) => {
      requests.push(`${code}/${page}`)
      const at = clock.unsafeCurrentTimeMillis()
      const nth = requests.filter((one) => one === `${code}/${page}`).length
      const reply = (status: number, body: unknown) =>
        Effect.delay("10 millis")(Effect.succeed({ status, body: JSON.stringify(body), at, header: () => undefined }))
      return Effect.flatMap(fails(code, page, nth), (said) =>
        said === "never"
          ? Effect.never
          : said === undefined
          ? reply(200, { items: [`${code} ${page}`], ...(page < count ? { next: page + 1 } : {}) })
          : reply(said, "no"))
    })
  const ask: Ask<LookupError> = ([{ code }], call) => {
    const last = call.parts.at(-1)
    return all(
      code,
      call,
      last === undefined ? 1 : pageOf(last.body).next!,
      call.parts.map(({ body }) => body),
      request
    )
  }
  return { requests, lookup: { ...lookup, prepare: Effect.succeed(ask) } }
}

const all = (
  code: string,
  call: Call,
  page: number,
  before: ReadonlyArray<string>,
  request: (code: string, page: number) => Effect.Effect<Reply>
): Effect.Effect<Reply> =>
  Effect.flatMap(request(code, page), (reply) => {
    if (reply.status !== 200) return Effect.succeed(reply)
    const { next } = pageOf(reply.body)
    const pages = [...before, reply.body]
    return next === undefined
      ? Effect.succeed({ ...reply, body: JSON.stringify(pages.flatMap((body) => pageOf(body).items)) })
      : call.keep({ number: page, status: 200, body: reply.body, at: reply.at }).pipe(
        Effect.zipRight(call.pay),
        Effect.zipRight(Effect.suspend(() => all(code, call, next, pages, request)))
      )
  })

const pageOf = (body: string) => JSON.parse(body) as { readonly items: ReadonlyArray<string>; readonly next?: number }

const lookup: Omit<Lookup<ReadonlyArray<string>, LookupError>, "prepare"> = {
  name: "pages",
  inputs: [],
  fingerprint: Effect.succeed({}),
  isParted: true,
  read: (reply) => Classify.reply(reply, (body) => ({ verdict: "found", answer: JSON.parse(body) })),
  expect: "json",
  idempotent: true,
  reading: "",
  isRead: true,
  weight: 1,
  curl: () => Effect.succeed(Option.none())
}
