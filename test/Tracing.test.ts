import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Option, Tracer } from "effect"
import * as Ledger from "../src/Ledger/Memory.ts"
import * as Lookup from "../src/Lookup.ts"
import * as Policy from "../src/Policy.ts"
import * as Rollcall from "../src/Rollcall.ts"
import * as Sink from "../src/Sink.ts"
import * as Source from "../src/Source.ts"
import * as Transport from "../src/Transport.ts"
import * as Serve from "./serve.ts"

const key = "c4nary-c4nary"

const policy: Policy.Policy = {
  ...Policy.local,
  retry: { retries: 2, base: Duration.millis(1), cap: Duration.millis(5) },
  allowNone: true
}

interface Seen extends Tracer.Span {
  hasEnded: boolean
}

/** A tracer that keeps its spans. */
const tracing = () => {
  const spans: Array<Seen> = []
  const tracer = Tracer.make({
    context: (f) => f(),
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const span: Seen = {
        _tag: "Span",
        name,
        spanId: String(spans.length + 1).padStart(16, "0"),
        traceId: "a".repeat(32),
        sampled: true,
        parent,
        context,
        links,
        kind,
        attributes,
        status: { _tag: "Started", startTime },
        hasEnded: false,
        addLinks: () => {},
        attribute: (name, value) => attributes.set(name, value),
        end: () => {
          assert.isFalse(span.hasEnded)
          span.hasEnded = true
        },
        event: () => {}
      }
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}

const told = ({ attributes, name }: Seen) => ({ name, ...Object.fromEntries(attributes) })

for (const [name, layer] of Object.entries({ Transport: Transport.layer, FetchHttpClient: FetchHttpClient.layer })) {
  describe(`tracing over ${name}`, () => {
    it.scopedLive("shows one span per question and per call, and no secret", () =>
      Effect.gen(function*() {
        const parents: Array<string | undefined> = []
        let calls = 0
        const url = yield* Serve.http((request, response) => {
          parents.push(request.headers.traceparent as string | undefined)
          if (request.url!.startsWith("/moved/")) return response.writeHead(302, { location: `/to?key=${key}` }).end()
          const isBroken = request.url!.includes("/b?") && calls++ === 0
          response.writeHead(isBroken ? 503 : request.url!.includes("/c?") ? 404 : 200).end("{}")
        })
        const { spans, tracer } = tracing()
        const lookup = Lookup.http({
          url: `${url}/{code}?key=\${KEY}`,
          headers: { "X-Key": "${KEY}", Authorization: "Basic bG9uZ2xpdGVyYWw=" }
        })
        yield* Rollcall.forEach(lookup, ["a", "b", "c"], { ...policy, concurrency: 1 }).pipe(
          Effect.withTracer(tracer)
        )
        yield* Rollcall.lookup(Lookup.http({ url: `${url}/moved/{code}?key=\${KEY}` }), "d", policy).pipe(
          Effect.withTracer(tracer)
        )
        assert.isTrue(spans.every(({ hasEnded }) => hasEnded))
        const questions = spans.filter(({ name }) => name === "Rollcall.question")
        assert.deepStrictEqual(
          questions.map(told).map(({ name: _, ...rest }) => Object.values(rest)),
          [[0, "found", 1, 1], [1, "found", 2, 2], [2, "not_found", 1, 1], [0, "found", 1, 2]]
        )
        const ofCalls = spans.filter(({ name }) => name === "Lookup.call")
        assert.deepStrictEqual(
          ofCalls.map((span) => [
            questions.indexOf(Option.getOrThrow(span.parent) as Seen),
            span.attributes.get("http.response.status_code") as number
          ]).sort(([a], [b]) => a! - b!),
          [[0, 200], [1, 503], [1, 200], [2, 404], [3, 302], [3, 200]]
        )
        assert.deepStrictEqual(parents, ofCalls.map(({ spanId, traceId }) => `00-${traceId}-${spanId}-01`))
        assert.lengthOf(spans, questions.length + ofCalls.length)
        assert.notMatch(JSON.stringify(spans.map(told)), /c4nary|bG9u/)
      }).pipe(
        Effect.provide(layer),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["KEY", key]])))
      ))

    it.scopedLive("tells another origin nothing", () =>
      Effect.gen(function*() {
        const parents: Array<unknown> = []
        const away = yield* Serve.http((request, response) => {
          parents.push(request.headers.traceparent)
          response.end("{}")
        })
        const url = yield* Serve.http((_, response) => response.writeHead(302, { location: away }).end())
        const { spans, tracer } = tracing()
        yield* Rollcall.lookup(Lookup.http({ url: `${url}/{code}`, allowOrigins: [away] }), "a", policy).pipe(
          Effect.withTracer(tracer)
        )
        assert.lengthOf(spans, 3)
        assert.deepStrictEqual(parents, [undefined])
      }).pipe(Effect.provide(layer)))

    it.scopedLive("costs nothing where nobody traces", () =>
      Effect.gen(function*() {
        const parents: Array<unknown> = []
        const url = yield* Serve.http((request, response) => {
          parents.push(request.headers.traceparent)
          response.end("{}")
        })
        yield* Rollcall.forEach(Lookup.http({ url: `${url}/{code}` }), ["a", "b"], policy)
        assert.deepStrictEqual(parents, [undefined, undefined])
      }).pipe(Effect.provide(layer)))
  })
}

describe("tracing a run that stops", () => {
  it.scopedLive("ends the spans of what is pending", () =>
    Effect.gen(function*() {
      let calls = 0
      const url = yield* Serve.http((_, response) => response.writeHead(calls++ === 0 ? 200 : 402).end("{}"))
      const { spans, tracer } = tracing()
      yield* Effect.flip(
        Rollcall.run(Lookup.http({ url: `${url}/{code}` }), { source: Source.codes(["a", "b"]), policy }).pipe(
          Effect.provide([Ledger.layer, Sink.layerNone]),
          Effect.withTracer(tracer)
        )
      )
      const questions = spans.filter(({ name }) => name === "Rollcall.question")
      assert.deepStrictEqual(questions.map(({ attributes }) => attributes.get("rollcall.outcome")), [
        "found",
        "pending"
      ])
      assert.isTrue(spans.every(({ hasEnded }) => hasEnded))
    }).pipe(Effect.provide(Transport.layer)))
})
