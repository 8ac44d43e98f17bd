/**
 * Timers by their time, equal ones in the order in which they were set: a binary heap.
 */

/** A timer that was set. */
export interface Timer {
  readonly at: number
  /** Which one of all it is. */
  readonly nth: number
  /** `undefined`: it is not needed any more. */
  fire: (() => void) | undefined
}

/** The timers that are set. */
export class Timers {
  private readonly heap: Array<Timer> = []
  private count = 0

  set(at: number, fire: () => void): Timer {
    const timer: Timer = { at, nth: this.count++, fire }
    const { heap } = this
    let place = heap.push(timer) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      if (isBefore(heap[above]!, timer)) break
      heap[place] = heap[above]!
      place = above
    }
    heap[place] = timer
    return timer
  }

  /** Takes out the next one that is still needed. */
  next(): Timer | undefined {
    while (true) {
      const timer = this.take()
      if (timer === undefined || timer.fire !== undefined) return timer
    }
  }

  private take(): Timer | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (first === last) return first
    let place = 0
    while (true) {
      let below = 2 * place + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (isBefore(last!, heap[below]!)) break
      heap[place] = heap[below]!
      place = below
    }
    heap[place] = last!
    return first
  }
}

const isBefore = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.nth < b.nth)
