/**
 * The judge: which promises a world has broken, as far as the server's log, the durable ledger and the output tell.
 */
import { Cause, Duration, Exit, Schema } from "effect"
import { busiest } from "../../src/Simulation/Machine.ts"
import * as Server from "../../src/Simulation/Server.ts"
import * as Spec from "../../src/Simulation/Spec.ts"
import { most } from "../windows.ts"
import { type Ended, isStop, type Life } from "./world.ts"

/** The promises, by name: each gives what is wrong, if anything. */
type Promise = (world: Ended, log: Log) => ReadonlyArray<string | false | undefined>

/** What the log says of codes and of processes. */
interface Log {
  readonly ofCode: ReadonlyMap<string, ReadonlyArray<Server.Call>>
  readonly ofLife: ReadonlyMap<number, ReadonlyArray<Server.Call>>
}

/** The promises that were broken, in words. */
export const judge = (world: Ended): Array<string> => {
  const { calls, exit } = world
  if (Exit.isFailure(exit)) return [`the world ends: ${String(Cause.squash(exit.cause))}`]
  const log: Log = {
    ofCode: group(calls, ({ code }) => code),
    ofLife: group(calls, ({ from }) => from)
  }
  return Object.entries(promises).flatMap(([name, holds]) =>
    holds(world, log).filter((broken) => typeof broken === "string").slice(0, 3).map((broken) => `${name}: ${broken}`)
  )
}

const group = <K>(
  calls: ReadonlyArray<Server.Call>,
  key: (call: Server.Call) => K
): ReadonlyMap<K, ReadonlyArray<Server.Call>> => {
  const groups = new Map<K, Array<Server.Call>>()
  for (const call of calls) {
    const found = groups.get(key(call))
    if (found === undefined) groups.set(key(call), [call])
    else found.push(call)
  }
  return groups
}

/** Milliseconds that a timer may be late, and a call may outlive its limit. */
const [late, watch] = [5, 210]
/** Milliseconds between the reading of the clock that lets a call go, and the moment in which the server sees it. */
const underWay = 2 * busiest
/** Milliseconds in which an outcome is committed, and in which what is asked is made durable. */
const commit = ({ scenario: { disk } }: Ended) => 50 + 4 * disk.slow + 20 * late

const isAnswer = ({ isAborted, isPage, status }: Server.Call) =>
  !isAborted && !isPage && (status === 200 || status === 404)
const isThrottled = ({ status }: Server.Call) => status === 429
/** Milliseconds by which a call may be late, which is made up for. */
const lateness = 50
/** It may count as a refusal. */
const isBusy = ({ status }: Server.Call) => status === 503
const isFailure = (call: Server.Call) => !isAnswer(call) && !isThrottled(call)
/** It may count for the breaker. */
const isOutage = (call: Server.Call) => isFailure(call) && !call.isPage && (call.status ?? 500) >= 500
const millis = Duration.toMillis

const isKilled = ({ exit }: Life) => exit === undefined
const isClean = ({ exit }: Life) => exit !== undefined && Exit.isSuccess(exit)

const promises: Readonly<Record<string, Promise>> = {
  "a run ends well": ({ lives, scenario }) => {
    const last = lives.at(-1)!
    return [
      !isClean(last) && `the last of ${lives.length} processes ended with ${told(last)}`,
      ...lives.map(({ exit }) =>
        exit !== undefined && Exit.isFailure(exit) && Cause.isDie(exit.cause) && `a defect: ${Cause.pretty(exit.cause)}`
      ),
      ...lives.map((life) =>
        !isClean(life) && !isKilled(life) && scenario.healthy !== undefined && `it was stopped: ${told(life)}`
      )
    ]
  },

  "at any instant something is in flight, or a timer is armed, or the run is over": ({ lives, scenario: { disk } }) =>
    // an answer counts when it is committed, and the next page may have to be read
    lives.map(({ stood }) => stood > 2 * watch + 10 * disk.slow && `nobody called for ${stood} ms`),

  "one outcome per question": ({ rows, scenario }) => {
    const seen = new Map<string, string>()
    return [
      rows.length !== scenario.list.length && `${rows.length} rows of ${scenario.list.length}`,
      ...rows.map(({ input, key, outcome }, index) => {
        if (input !== scenario.list[index]) return `row ${index} is of ${input}`
        if (outcome === null) return `${input} has no outcome`
        if (key === null) return outcome !== "invalid" && `${input} is no code, and ${outcome}`
        if (key !== input) return `the key of ${input} is ${key}`
        const before = seen.get(key)
        seen.set(key, outcome)
        return before !== undefined && before !== outcome && `${key} is ${before} and ${outcome}`
      })
    ]
  },

  "an outcome is what the server said": ({ calls, rows, scenario: { policy } }, { ofCode }) =>
    rows.map(({ attempts, body, error, http_status, key, outcome }) => {
      if (key === null) return false
      const own = ofCode.get(key) ?? []
      switch (outcome) {
        case "found": {
          const { code, nth } = JSON.parse(body!) as { readonly code: string; readonly nth: number }
          const call = calls[nth - 1]
          return (code !== key || call?.code !== key || call.status !== 200 || call.isAborted)
            && `${key} is found, but call ${nth} was another one`
        }
        case "not_found":
          return !own.some((call) => isAnswer(call) && call.status === 404) && `${key} was never not found`
        case "failed": {
          const { type } = JSON.parse(error!) as { readonly type: string }
          if (type === "throttled") {
            const { length } = own.filter((call) => isThrottled(call) || isBusy(call))
            return length < Math.max(3, policy.retry.retries + 1) && `${key} is blamed for ${length} refusals`
          }
          if (!own.some(isFailure)) return `${key} has failed, but no call of it has`
          if (http_status !== null && !own.some(({ status }) => status === http_status)) {
            return `${key} has failed with ${http_status}, which nobody said`
          }
          return !isFinal(type, http_status) && type !== "deadline" && type !== "timeout" &&
            attempts !== policy.retry.retries + 1
            && `${key} has failed with ${type} after ${attempts} attempts`
        }
        default:
          // it is refused before it is sent
          return (key !== "." || outcome !== "invalid" || own.length > 0) && `${key} is ${outcome}`
      }
    }),

  "what is answered is not marked failed": ({ lives, recorded, rows }, { ofCode }) =>
    rows.map(({ key, outcome, question }) => {
      if (key === null || outcome !== "failed") return false
      const { at, life } = recorded.find((record) => record.question === question)!
      const answer = (ofCode.get(key) ?? []).find((call) => isAnswer(call) && call.from === life && call.end < at - 1)
      return answer !== undefined && lives.length > 0 && `${key} was answered by call ${answer.nth}, and has failed`
    }),

  "an outcome is recorded once": ({ recorded }) => {
    const seen = new Set<number>()
    return recorded.map(({ question }) => {
      const isTwice = seen.has(question)
      seen.add(question)
      return isTwice && `question ${question} was recorded twice`
    })
  },

  "the output is complete and in order": ({ rows, scenario: { order }, written }) => {
    const sorted = order === "input" ? written : [...written].sort((a, b) => a.ordinal - b.ordinal)
    return [
      written.length !== rows.length && `${written.length} rows of ${rows.length}`,
      ...sorted.map((row, index) => {
        const truth = rows[index]
        if (row.ordinal !== truth?.ordinal) return `row ${index} is that of entry ${row.ordinal}`
        const isSame = row.outcome === truth.outcome && row.body === truth.body && row.error === truth.error
          && row.input === truth.input && row.isRepeat === truth.isRepeat && row.calls === truth.calls
        return !isSame && `row ${index} says ${row.outcome}, the ledger ${truth.outcome}`
      })
    ]
  },

  "calls in flight": ({ peak, scenario: { policy } }) => [
    policy.concurrency !== "auto" && peak > policy.concurrency && `${peak} of ${policy.concurrency}`
  ],

  "the rate": ({ calls, lives, scenario: { jumps, rates, weight } }, { ofLife }) => {
    // a process does not notice that the clock was set, but the next one cannot know how late it is
    const logs = jumps.length > 0 && lives.length > 1 ? [...ofLife.values()] : [calls]
    return rates.flatMap(({ burst, limit, window }) =>
      logs.flatMap((log) => {
        const weights = log.map(({ at }) => [at, weight] as const)
        const sent = most(weights, window - underWay)
        // while as much comes again as is let through at once, twice as much is sent, and what is late
        const [again, late] = [burst * window / limit, Math.ceil(lateness * limit / window) + weight]
        const atOnce = burst === 1 ? 0 : most(weights, again)
        return [
          sent > limit && `${sent} calls (of weight ${weight}) in ${window} ms, where ${limit} are allowed`,
          atOnce > 2 * burst + late && `${atOnce} calls (of weight ${weight}) in ${again} ms, with a burst of ${burst}`
        ]
      })
    )
  },

  "attempts": ({ recorded, rows, scenario: { policy } }, { ofCode }) => {
    const limit = policy.retry.retries + 1
    const settledBy = new Map(recorded.map(({ life, question }) => [question, life]))
    return rows.flatMap(({ attempts, calls, key, isRepeat, question }) => {
      if (key === null || isRepeat) return []
      const ofLife = (ofCode.get(key) ?? []).filter(({ from }) => from === settledBy.get(question))
      // what is answered may be asked again to learn how others fare
      const settled = ofLife.find(isAnswer)?.end ?? Infinity
      const own = ofLife.filter(({ at }) => at <= settled)
      return [
        attempts > limit && `${attempts} of ${key}, ${limit} are allowed`,
        // without a breaker or a hedge all calls are accounted for
        isPlain(policy) && own.length !== calls && `${calls} calls of ${key} are told, ${own.length} were seen`,
        isPlain(policy) && (own.filter((call) => !isThrottled(call)).length < attempts
          || own.filter((call) => !isThrottled(call) && !isBusy(call)).length > attempts)
        && `${attempts} of ${key} are told, the server saw another number`
      ]
    })
  },

  "the retry budget": ({ lives, scenario: { policy } }, { ofCode, ofLife }) => {
    const { breaker, hedge, retryBudget } = policy
    if (retryBudget === null || breaker !== null || hedge) return []
    // what was answered is asked again to learn how others fare, and that more than once
    const isKnown = ({ at, code }: Server.Call) => ofCode.get(code)!.some((call) => isAnswer(call) && call.end <= at)
    return lives.map(({ begun, nth }) => {
      const last = new Map<string, Server.Call>()
      let [first, retries] = [0, 0]
      for (const call of ofLife.get(nth) ?? []) {
        const before = last.get(call.code)
        last.set(call.code, call)
        if (before === undefined) first++
        else if (!isThrottled(before) && !isBusy(before) && !isKnown(call)) retries++
        const seconds = (call.at - begun) / 1000
        const allowed = Math.max(1, retryBudget.perSecond) + first * retryBudget.share + seconds * retryBudget.perSecond
        if (retries > allowed + 1) return `${retries} retries after ${seconds} s and ${first} questions`
      }
      return false
    })
  },

  "retries wait no longer than their back-off": (
    { lives, scenario: { freezes, policy, rates, list, server } },
    { ofLife }
  ) => {
    const { breaker, concurrency, hedge, retry, retryBudget } = policy
    const isFree = breaker === null && retryBudget === null && rates.length === 0 && !hedge && !server.includes("rate=")
      && concurrency !== "auto" && concurrency >= list.length
    if (!isFree) return []
    return lives.flatMap(({ nth }) => {
      const nths = new Map<string, { readonly count: number; readonly end: number; readonly isBusy: boolean }>()
      // until there is an answer, one is asked at a time
      const begun = Math.min(...(ofLife.get(nth) ?? []).filter(isAnswer).map(({ end }) => end))
      // a few 503s beside answers lower the pace of all, until it shows that they were no matter of it
      const slowedAt = (ofLife.get(nth) ?? []).filter(isBusy).map(({ end }) => end).sort((a, b) => a - b)[3] ?? Infinity
      return (ofLife.get(nth) ?? []).map(({ at, code, end, status }) => {
        const before = nths.get(code)
        nths.set(code, { count: (before?.count ?? 0) + 1, end, isBusy: status === 503 })
        if (before === undefined || before.end <= begun || before.isBusy || at > slowedAt) return false
        const longest = Math.min(millis(retry.cap), millis(retry.base) * 2 ** (before.count - 1))
        // what was given up was given up a little later than it ended; and a portion may have to be reserved
        return at - before.end > longest + 2 * late + watch + commitSlack + frozen(freezes) &&
          `${code} waited ${at - before.end} ms of ${longest}`
      })
    })
  },

  "a call repeated after a crash was in flight or not committed": (world, log) => {
    const { ofCode } = log
    const { lives, scenario: { freezes, policy } } = world
    const ends = new Map(lives.map((life) => [life.nth, life]))
    return [...ofCode.values()].flatMap((own) => {
      const answers = own.filter(isAnswer)
      return answers.slice(1).map((call, index) => {
        const before = answers[index]!
        // it may be asked to learn whether the server is up, and one that is hedged is answered twice
        if (isProbe(world, log, call) || isWitness(log, call)) return false
        if (before.from === call.from) return !policy.hedge && `${call.code} was asked again in the same process`
        const { brokenAt, ended } = ends.get(before.from)!
        const [from, to] = [before.end, Math.min(ended, brokenAt)]
        // what is frozen hears of nothing
        const lost = to - from - within(freezes, from, to)
        return lost > commit(world) && `${call.code} was answered ${lost} ms before the end`
      })
    })
  },

  "a pause that was told": (world, { ofLife }) => {
    const { lives, scenario: { jumps } } = world
    return lives.flatMap(({ begun, ended, nth }, index) => {
      const log = ofLife.get(nth) ?? []
      return log.flatMap(({ end, isAborted, told }) => {
        if (told === undefined || isAborted) return []
        const until = end + told
        // what is sent at the same moment may be sent before it is heard
        const early = log.find(({ at }) => at > end + underWay && at < until - 1)
        const next = lives[index + 1]
        const isKept = next !== undefined && jumps.length === 0 && end < ended - commit(world)
        const first = isKept ? ofLife.get(next.nth)?.[0] : undefined
        return [
          early !== undefined && `call ${early.nth} at ${early.at}, told at ${end} to wait until ${until}`,
          first !== undefined && first.at < until - 2
          && `call ${first.nth} at ${first.at} after a crash, told at ${end} (process of ${begun}) to wait until ${until}`
        ]
      })
    })
  },

  "a time limit": ({ calls, scenario: { freezes, policy } }) =>
    calls.map(({ at, end, nth }) => {
      const limit = Math.min(millis(policy.timeout), millis(policy.deadline))
      return end - at > millis(policy.timeout) + watch + late + frozen(freezes) &&
        `call ${nth} took ${end - at} ms of ${limit}`
    }),

  "a time for all": ({ lives, scenario: { freezes } }, { ofLife }) =>
    lives.map((life) => {
      const calls = ofLife.get(life.nth) ?? []
      const asked = calls.length === 0 ? 0 : calls.at(-1)!.at - calls[0]!.at
      return asked > life.time + late + frozen(freezes) && `it asked for ${asked} ms of ${life.time}`
    }),

  "an open breaker lets one probe through": ({ lives, scenario: { policy } }, { ofLife }) => {
    const { breaker, throttle } = policy
    if (breaker === null) return []
    const [base, cap] = [millis(breaker.base), millis(breaker.cap)]
    return lives.flatMap(({ hasBreaker, nth }) => {
      const log = hasBreaker ? ofLife.get(nth) ?? [] : []
      // with so many failures in a row, and nothing else, it is open
      let inARow = 0
      let since = Infinity
      /** The first of these failures: it is open from one of them on. */
      let first = Infinity
      /** What ends in a pause that follows a 429 may have been sent before it, and tells nothing. */
      let paused = -Infinity
      const broken: Array<string> = []
      for (const call of log.filter(({ end }) => end < Infinity).toSorted((a, b) => a.end - b.end)) {
        if (isOutage(call)) {
          if (call.end <= paused) continue
          if (inARow === 0) first = call.end
          if (++inARow === breaker.calls) since = call.end
          continue
        }
        if (isThrottled(call)) {
          const pause = Math.max(call.told ?? 0, millis(throttle.cap))
          paused = Math.max(paused, call.end + pause * 1.1)
        }
        broken.push(...storms(log, since, call.end, base, cap, first + millis(throttle.maxWait)))
        inARow = 0
        since = Infinity
      }
      broken.push(...storms(log, since, Infinity, base, cap, first + millis(throttle.maxWait)))
      return broken
    })
  },

  "nothing is left": ({ lives }) =>
    lives.flatMap((life) =>
      isKilled(life) ? [life.inFlight > 0 && "calls of a dead process go on"] : [
        life.fibers > 0 && `${life.fibers} fibers`,
        life.inFlight > 0 && `${life.inFlight} calls in flight`,
        life.opened > 0 && "a file that is open"
      ]
    ),

  "what is spent is known": ({ lives, scenario }, { ofLife }) =>
    lives.flatMap((life, index) => [
      life.spent < life.seen && `${life.spent} calls are durable, ${life.seen} were seen`,
      isClean(life) && life.calls !== (ofLife.get(life.nth)?.length ?? 0)
      && `${life.calls} calls are told, ${ofLife.get(life.nth)?.length ?? 0} were seen`,
      lives.every(isClean) && life.spent !== life.seen &&
      `${life.spent} calls are told at the end, ${life.seen} were seen`,
      // after it is spent, or the time is, it is raised
      scenario.policy.budget.calls !== undefined
      && !lives.slice(0, index).some(({ exit }) =>
        exit !== undefined && (isStop(exit, "budget") || isStop(exit, "time"))
      )
      && life.seen > scenario.policy.budget.calls[0]!.most
      && `${life.seen} calls of ${scenario.policy.budget.calls[0]!.most}`
    ]),

  "a code that has no answer costs itself alone": ({ calls, lives, millis: took, rows, scenario }, { ofCode }) => {
    if (scenario.trouble !== "codes") return []
    const spec = Schema.decodeSync(Spec.Text)(scenario.server)
    const refusalFor = (code: string) => Server.refusalFor(spec, scenario.seed, code)
    const stops = lives.filter((life) => !isClean(life) && !isKilled(life))
    const isKnown = ({ ended }: Life) => calls.some((call) => isAnswer(call) && call.end < ended)
    const mostCalls = (code: string) =>
      (refusalFor(code) === 429 || refusalFor(code) === 503 ? 20 : scenario.policy.retry.retries + 8) + 2 * lives.length
    return [
      took > troubleLimit && `it took ${took} ms`,
      stops.length > 1 && `it was stopped ${stops.length} times: ${told(stops[0]!)}`,
      ...stops.map((life) => isKnown(life) && `it was stopped though others were answered: ${told(life)}`),
      ...rows.map(({ key, outcome }) => {
        if (key === null || key === ".") return false
        const refusal = refusalFor(key)
        const isBad = refusal !== undefined && refusal !== 404
        return isBad !== (outcome === "failed") &&
          `${key} is ${outcome}, the server has ${refusal ?? "an answer"} for it`
      }),
      ...[...ofCode].map(([code, own]) =>
        refusalFor(code) !== undefined && own.length > mostCalls(code) && `${code} was asked ${own.length} times`
      )
    ]
  },

  "what fails for all is nobody's failure, and costs little": (
    { lives, peak, recorded, rows, scenario: { trouble } },
    { ofLife }
  ) => {
    if (trouble === undefined || trouble === "codes") return []
    const records = new Map(recorded.map((record) => [record.question, record]))
    const last = lives.at(-1)!.nth
    // when others are answered again, who failed last has failed; and of a few at the end of the list nobody can tell
    const failed = rows.filter(({ outcome, question }) =>
      outcome === "failed" && records.get(question)!.at < trouble.to
    )
    const isFew = (failed.length < 4 && failed.every(({ question }) => records.get(question)!.life === last)) ||
      !rows.some(({ outcome }) => outcome === "found")
    return [
      ...failed.map(({ key }) => !isFew && `${key} has failed`),
      ...lives.map(({ nth }) => {
        const wasted = (ofLife.get(nth) ?? []).filter(({ at }) => at > trouble.from && at < trouble.to).length
        return wasted > 30 + 2 * peak && `process ${nth} called ${wasted} times in vain`
      })
    ]
  },

  "a healthy server is asked as fast as is allowed": ({ calls, lives, scenario }) => {
    const { disk, healthy, policy, rates } = scenario
    if (healthy === undefined) return []
    const count = calls.length
    // what `auto` is to find out takes its time
    const [inFlight, start] = policy.concurrency === "auto" ? [4, 15_000] : [policy.concurrency, 200]
    const turns = Math.ceil(count / inFlight) + 3
    const paced = Math.max(0, ...rates.map(({ limit, window }) => count * (window * 1.02) / limit))
    const longest = 1.1 * Math.max(turns * (healthy.latency + 1), paced + 3 * healthy.latency) + start + 20 * disk.slow
    const took = lives.at(-1)!.ended
    return [
      took > longest && `${count} calls took ${took} ms, ${longest} would do`,
      count !== new Set(calls.map(({ code }) => code)).size && !policy.hedge && "codes were asked twice"
    ]
  }
}

/** It is not tried again. */
const isFinal = (type: string, status: number | null) =>
  type === "unauthorized" || status === 403 || status === 405 || status === 501
  // a refusal costs no attempt
  || status === 503

/** Milliseconds in which a short list is done, though some of its codes have no answer. */
const troubleLimit = 900_000

/** Milliseconds in which a process did not run. */
const frozen = (freezes: Ended["scenario"]["freezes"]) => freezes.reduce((sum, [, millis]) => sum + millis, 0)

/** As many of them as lie between two times. */
const within = (freezes: Ended["scenario"]["freezes"], from: number, to: number) =>
  freezes.reduce((sum, [at, millis]) => sum + Math.max(0, Math.min(at + millis, to) - Math.max(at, from)), 0)

/** Milliseconds in which a portion is reserved. */
const commitSlack = 60

/** Every call of a question counts. */
const isPlain = ({ breaker, hedge }: Ended["scenario"]["policy"]) => breaker === null && !hedge

/** Whether a call may be a probe: so many calls of its process had failed that the breaker may have opened, near the end of the list a quarter, or that the failures may look the same. */
const isProbe = ({ scenario: { policy: { breaker, uniform } } }: Ended, { ofLife }: Log, call: Server.Call): boolean =>
  ofLife.get(call.from)!.filter((other) => other.end <= call.at && isFailure(other)).length >=
    Math.min(breaker === null ? Infinity : Math.ceil(breaker.calls / 4), uniform === null ? Infinity : 4)

/** Whether a call may be asked to learn whether others are refused for the load: others were, often enough for that. */
const isWitness = ({ ofLife }: Log, call: Server.Call): boolean =>
  ofLife.get(call.from)!.filter((other) =>
    (isThrottled(other) || isBusy(other)) && other.end <= call.at && other.code !== call.code
  ).length >= 3

/** Calls that come too soon after one another while nobody should call. */
const storms = (
  log: ReadonlyArray<Server.Call>,
  since: number,
  until: number,
  base: number,
  cap: number,
  /** When nobody is willing to wait any longer: the last try comes then. */
  last: number
): ReadonlyArray<string> => {
  const probes = log.filter(({ at }) => at > since + underWay && at < until)
  const most = 3 + Math.log2(cap / base) + (probes.length === 0 ? 0 : (probes.at(-1)!.at - since) / cap)
  // when it opened is not known: before that many had failed
  const soon = probes.find(({ at }, index) => index > 0 && at - probes[index - 1]!.at < base - 1 && at < last - late)
  return [
    ...(soon === undefined ? [] : [`call ${soon.nth} at ${soon.at}, though it is open since ${since}`]),
    ...(probes.length > most ? [`${probes.length} probes from ${since} to ${probes.at(-1)!.at}`] : [])
  ]
}

const told = ({ exit }: Life) =>
  exit === undefined ? "a kill" : Exit.isSuccess(exit) ? "success" : String(Cause.squash(exit.cause))
