/**
 * Virtual time: runs an effect on a clock and a scheduler of its own, so that hours pass in milliseconds and every run is the same.
 */
import { Clock, Duration, Effect, type Exit, Random, type Scheduler } from "effect"

interface Timer {
  readonly at: number
  readonly fire: () => void
  isCancelled: boolean
}

/**
 * Runs an effect that needs nothing but time, to its end. Nothing else may wait: a promise or a socket would never come.
 */
export const simulate = <A, E>(effect: Effect.Effect<A, E>, seed: number | string = 1): Exit.Exit<A, E> => {
  let now = 0
  const tasks: Array<() => void> = []
  const timers: Array<Timer> = []

  const scheduler: Scheduler.Scheduler = {
    shouldYield: (fiber) => fiber.currentOpCount > 2048 ? 0 : false,
    scheduleTask: (task) => {
      tasks.push(task)
    }
  }
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => now,
    unsafeCurrentTimeNanos: () => BigInt(Math.round(now * 1e6)),
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanos: Effect.sync(() => BigInt(Math.round(now * 1e6))),
    sleep: (duration) =>
      Effect.async((resume) => {
        const timer: Timer = {
          at: now + Duration.toMillis(duration),
          fire: () => resume(Effect.void),
          isCancelled: false
        }
        const place = timers.findIndex(({ at }) => at > timer.at)
        timers.splice(place < 0 ? timers.length : place, 0, timer)
        return Effect.sync(() => {
          timer.isCancelled = true
        })
      })
  }

  const ended: Array<Exit.Exit<A, E>> = []
  const fiber = Effect.runFork(
    effect.pipe(Effect.withClock(clock), Effect.withRandom(Random.make(seed))),
    { scheduler }
  )
  fiber.addObserver((exit) => ended.push(exit))
  while (ended.length === 0) {
    const task = tasks.shift()
    if (task !== undefined) {
      task()
      continue
    }
    const timer = timers.shift()
    if (timer === undefined) throw new Error("the effect waits for what is not time")
    if (timer.isCancelled) continue
    now = timer.at
    timer.fire()
  }
  return ended[0]!
}
