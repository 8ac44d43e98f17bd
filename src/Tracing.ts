/**
 * Tracing: one span per question and one per call, where somebody traces. Attributes are ids, counts and hosts; never codes, bodies, query
 * strings or headers.
 */
import { HttpClientRequest, type HttpClientResponse, HttpTraceContext } from "@effect/platform"
import { type Clock, Context, DefaultServices, Effect, Exit, FiberRef, Tracer } from "effect"

/** Whether anybody traces: Effect's own tracer keeps nothing. */
export const isOn: Effect.Effect<boolean> = Effect.zipWith(
  Effect.tracer,
  FiberRef.get(FiberRef.currentTracerEnabled),
  (tracer, isEnabled) => isEnabled && tracer !== Context.get(DefaultServices.liveServices, Tracer.Tracer)
)

/** The spans of the questions that are being asked. */
export interface Questions {
  /** Does something as a part of a question. */
  readonly within: <A, E, R>(question: number, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Ends the span of a question, with what came of it. */
  readonly end: (question: number, told: Readonly<Record<string, string | number>>) => void
  /** Ends what is left: those questions are pending. */
  readonly close: Effect.Effect<void>
}

/** Spans `Rollcall.question`, from the first attempt to the last word. */
export const questions = (clock: Clock.Clock): Questions => {
  const open = new Map<number, Tracer.Span>()
  const end = (question: number, told: Readonly<Record<string, string | number>>) => {
    const span = open.get(question)
    if (span === undefined) return
    open.delete(question)
    for (const [name, value] of Object.entries(told)) span.attribute(`rollcall.${name}`, value)
    span.end(clock.unsafeCurrentTimeNanos(), Exit.void)
  }
  return {
    end,
    within: (question, effect) =>
      Effect.suspend(() => {
        const known = open.get(question)
        if (known !== undefined) return Effect.withParentSpan(effect, known)
        const attributes = { "rollcall.question": question }
        return Effect.flatMap(
          Effect.makeSpan("Rollcall.question", { attributes, captureStackTrace: false }),
          (span) => {
            open.set(question, span)
            return Effect.withParentSpan(effect, span)
          }
        )
      }),
    close: Effect.sync(() => {
      for (const question of open.keys()) end(question, { outcome: "pending" })
    })
  }
}

/**
 * A span `Lookup.call` for a request on the wire; the request gets the span's `traceparent` where it `isHome`.
 *
 * Sources: W3C Trace Context; OpenTelemetry's semantic conventions for HTTP clients.
 */
export const call = <E, R>(
  request: HttpClientRequest.HttpClientRequest,
  isHome: boolean,
  send: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>
): Effect.Effect<HttpClientResponse.HttpClientResponse, E, R> => {
  const { hostname, port, protocol } = new URL(request.url)
  const attributes = {
    "http.request.method": request.method,
    "server.address": hostname,
    "server.port": Number(port || (protocol === "https:" ? 443 : 80))
  }
  return Effect.useSpan("Lookup.call", { kind: "client", attributes, captureStackTrace: false }, (span) => {
    const { traceparent } = HttpTraceContext.toHeaders(span)
    return Effect.map(
      send(isHome ? HttpClientRequest.setHeader(request, "traceparent", traceparent!) : request),
      (response) => {
        span.attribute("http.response.status_code", response.status)
        return response
      }
    )
  })
}
