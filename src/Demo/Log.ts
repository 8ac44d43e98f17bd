import * as Schema from "effect/Schema"

const Count = Schema.NonNegativeInt

/**
 * What the embedded API saw since its start or the last reset.
 *
 * Once nothing is in flight, every call stands in exactly one place:
 * `calls` = the sum of `statuses` + `dropped` + `hung` + `abandoned`.
 */
export const Log = Schema.Struct({
  /** Calls that arrived, refused ones included. */
  calls: Count,
  /** Calls that were answered, by HTTP status. */
  statuses: Schema.Record({ key: Schema.String, value: Count }),
  /** Calls whose connection the API ended, before the headers or within the body. */
  dropped: Count,
  /** Calls that the API leaves without an answer. */
  hung: Count,
  /** Calls whose client went away before the API answered. */
  abandoned: Count,
  inFlight: Count,
  maxInFlight: Count,
  /** The most calls that arrived in any second, [t, t + 1 s). */
  maxPerSecond: Count,
  /** Unix time in milliseconds; absent before the first call. */
  firstArrival: Schema.optionalWith(Schema.Number, { exact: true }),
  lastArrival: Schema.optionalWith(Schema.Number, { exact: true }),
  /** Lookups by code, refused ones included. */
  codes: Schema.transform(
    Schema.Record({ key: Schema.String, value: Count }),
    Schema.ReadonlyMapFromSelf({ key: Schema.String, value: Count }),
    {
      strict: true,
      decode: (record) => new Map(Object.entries(record)),
      encode: (map) => Object.fromEntries(map)
    }
  )
})

export interface Log extends Schema.Schema.Type<typeof Log> {}

/** By hand, because the schema would hold up the calls for 0.2 s over a log of all codes. */
export const encode = (log: Log): Schema.Schema.Encoded<typeof Log> => ({
  ...log,
  codes: Object.fromEntries(log.codes)
})

/** How many arrivals are kept at least. */
const kept = 1 << 20

/** Writes the log, call by call, at a cost of well under a microsecond. */
export class Recorder {
  #calls = 0
  #inFlight = 0
  #maxInFlight = 0
  #maxPerSecond = 0
  /** Where the second that ends with the latest arrival begins in `#arrivals`. */
  #second = 0
  #arrivals: Array<number> = []
  #first: number | undefined
  readonly #statuses = new Map<number, number>()
  readonly #codes = new Map<string, number>()
  dropped = 0
  hung = 0
  abandoned = 0

  /** A call arrives; times must not decrease. */
  arrive(at: number, code: string | undefined): void {
    this.#calls++
    this.#first ??= at
    if (++this.#inFlight > this.#maxInFlight) this.#maxInFlight = this.#inFlight
    if (code !== undefined) this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
    if (this.#arrivals.length === 2 * kept) this.#forget()
    const count = this.#arrivals.push(at)
    while (this.#arrivals[this.#second]! <= at - 1_000) this.#second++
    this.#maxPerSecond = Math.max(this.#maxPerSecond, count - this.#second)
  }

  answer(status: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1)
  }

  leave(): void {
    this.#inFlight--
  }

  arrivals(): ReadonlyArray<number> {
    return this.#arrivals.slice(-kept)
  }

  read(): Log {
    return {
      calls: this.#calls,
      statuses: Object.fromEntries(this.#statuses),
      dropped: this.dropped,
      hung: this.hung,
      abandoned: this.abandoned,
      inFlight: this.#inFlight,
      maxInFlight: this.#maxInFlight,
      maxPerSecond: this.#maxPerSecond,
      ...(this.#first !== undefined && { firstArrival: this.#first, lastArrival: this.#arrivals.at(-1)! }),
      codes: new Map(this.#codes)
    }
  }

  #forget(): void {
    this.#arrivals = this.#arrivals.slice(kept)
    this.#second = Math.max(0, this.#second - kept)
  }
}

/** The most arrivals in any window [t, t + length); `arrivals` ascend, all in milliseconds. */
export const maxWithin = (arrivals: ReadonlyArray<number>, length: number): number => {
  let begin = 0
  return arrivals.reduce((most, at, index) => {
    while (arrivals[begin]! <= at - length) begin++
    return Math.max(most, index - begin + 1)
  }, 0)
}
