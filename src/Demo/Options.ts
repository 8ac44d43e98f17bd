import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const Delay = Schema.declare(
  (input: unknown): input is Duration.DurationInput => Option.exists(Duration.decodeUnknown(input), Duration.isFinite),
  { identifier: "Delay", description: "a finite duration such as \"20 millis\"" }
)

const Probability = Schema.Number.pipe(Schema.between(0, 1))

const Count = Schema.Int.pipe(Schema.positive())

/** A typical and a slow answer: a log-normal law that has these percentiles. */
const Spread = Schema.Struct({ p50: Delay, p99: Delay }).pipe(
  Schema.filter(({ p50, p99 }) =>
    (Duration.greaterThan(p50, Duration.zero) && Duration.greaterThanOrEqualTo(p99, p50))
    || "p50 must be above zero and p99 not below p50"
  )
)

/**
 * How the embedded API behaves; without any of these it answers every call at once and asks for no key.
 *
 * Faults that have a probability are drawn per code: one call suffers at most one of them, so together they are at
 * most 1. Equal seeds give equal faults, in whatever order the calls arrive.
 */
export const Options = Schema.Struct({
  /** Where to listen: 127.0.0.1 unless told otherwise. */
  host: Schema.optional(Schema.NonEmptyString),
  /** 0, which is the default, takes a free port. */
  port: Schema.optional(Schema.Int.pipe(Schema.between(0, 65_535))),
  /** What the header Ocp-Apim-Subscription-Key must hold; unset, no key is asked for. */
  key: Schema.optional(Schema.NonEmptyString),
  /** Decides which calls suffer and how long each takes; of an integer its low 32 bits count. Default 1. */
  seed: Schema.optional(Schema.Int),
  /** How long an answer takes: always the same, or log-normal. What the gateway refuses comes at once. */
  latency: Schema.optional(Schema.Union(Delay, Spread)),
  /** 429 with a Retry-After (default 1 second, told in whole seconds or as an HTTP-date). */
  throttle: Schema.optional(Schema.Struct({
    probability: Probability,
    retryAfter: Schema.optional(Delay),
    format: Schema.optional(Schema.Literal("seconds", "date"))
  })),
  /** Probability of a 503. */
  unavailable: Schema.optional(Probability),
  /** Probability that the connection ends before the headers. */
  drop: Schema.optional(Probability),
  /** Probability that the connection ends in the middle of the body. */
  cut: Schema.optional(Probability),
  /** Probability that no answer ever comes. */
  hang: Schema.optional(Probability),
  /** No code suffers more of the faults above than this many. Default 2. */
  faultsPerCode: Schema.optional(Schema.NonNegativeInt),
  /** Of every `every` lookups the last `calls` get a 503, whatever their code. */
  outage: Schema.optional(
    Schema.Struct({ every: Count, calls: Count }).pipe(
      Schema.filter(({ calls, every }) => calls < every || "an outage must leave some calls alone: calls < every")
    )
  ),
  /** Calls let through in any sliding second, exactly; the others get a 429 with Retry-After: 1. */
  rate: Schema.optional(Count),
  /** Calls let through in a period, which starts with its first call; the others get a 403 that tells the wait. */
  quota: Schema.optional(Schema.Struct({ calls: Count, period: Delay }))
}).pipe(
  Schema.filter(({ cut = 0, drop = 0, hang = 0, throttle, unavailable = 0 }) =>
    cut + drop + hang + unavailable + (throttle?.probability ?? 0) <= 1
    || "the probabilities of throttle, unavailable, drop, cut and hang add up to more than 1"
  )
)

export interface Options extends Schema.Schema.Type<typeof Options> {}
