/**
 * A crowd is the calls to an origin that lets in few connections at a time. Where one more is refused while others stand, the call waits
 * for one of these: it has not failed, and nobody is down.
 */
import type { LookupError } from "../Outcome.ts"

/** A call that can be begun again, as nothing of it was sent. */
export interface Waiter {
  readonly begin: () => void
  readonly fail: (cause: Error) => void
}

/** For how long an origin counts as crowded after it has refused a connection, in milliseconds. */
const crowded = 1000

/** For how long those that wait do so while nobody is answered, in milliseconds. */
const patience = 10_000

/** Calls to one origin. */
export class Crowd {
  /** Calls whose connection stands. */
  private standing = 0
  /** Calls that wait for theirs to stand. */
  private opening = 0
  /** Whether the origin has answered anything. */
  hasAnswered = false
  private waiting: Array<{ readonly waiter: Waiter; readonly cause: Error | undefined }> = []
  /** Until when it counts as crowded. */
  private until = -Infinity
  private movedAt = -Infinity
  private timer: NodeJS.Timeout | undefined
  /** Finds out what it means where the origin, which has answered nothing yet, closes a connection without a word. */
  readonly explain: ((told: (reason: LookupError | undefined) => void) => void) | undefined

  constructor(explain: Crowd["explain"]) {
    this.explain = explain
  }

  /** Whether a new call has to wait its turn; it is told when that comes. */
  joins(waiter: Waiter): boolean {
    if (this.standing === 0 || (this.waiting.length === 0 && (this.until === -Infinity || now() >= this.until))) {
      return false
    }
    this.wait(waiter, undefined)
    return true
  }

  /** A call is made. */
  began(): void {
    this.opening++
  }

  /** A call has its connection. */
  stood(): void {
    this.opening--
    this.standing++
  }

  /** Its connection was none, after all. */
  fell(): void {
    this.standing--
    this.opening++
  }

  /** A connection was refused; whether the call waits for another. */
  refused(waiter: Waiter, cause: Error): boolean {
    if (this.standing + this.opening === 1) return false
    this.opening--
    this.until = now() + crowded
    this.wait(waiter, cause)
    return true
  }

  /** A call is over. */
  left(hasStood: boolean): void {
    if (hasStood) this.standing--
    else this.opening--
    if (this.waiting.length === 0) return
    if (hasStood) this.moveOn()
    // nothing leads to the origin any more
    else if (this.standing + this.opening === 0) this.giveUp()
  }

  /** A call that waited is given up. */
  remove(waiter: Waiter): void {
    this.waiting = this.waiting.filter((one) => one.waiter !== waiter)
  }

  private wait(waiter: Waiter, cause: Error | undefined): void {
    this.waiting.push({ waiter, cause })
    if (this.timer !== undefined) return
    this.movedAt = now()
    this.timer = setInterval(() => this.look(), crowded)
    this.timer.unref()
  }

  private moveOn(): void {
    this.movedAt = now()
    // the connection is free for the next call only when those who have just used it have left it
    setImmediate(() => setImmediate(() => this.waiting.shift()?.waiter.begin()))
  }

  private look(): void {
    const isOver = this.waiting.length === 0
    if (!isOver && this.standing === 0) return this.moveOn()
    if (!isOver && now() - this.movedAt < patience) return
    clearInterval(this.timer)
    this.timer = undefined
    this.giveUp()
  }

  private giveUp(): void {
    for (const { cause, waiter } of this.waiting.splice(0)) {
      if (cause === undefined) waiter.begin()
      else waiter.fail(cause)
    }
  }
}

const now = () => performance.now()
