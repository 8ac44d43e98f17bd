/**
 * Bugs to plant: each is one that somebody could write, and that the judge must find. When a source changes so that a text is not found
 * in it any more, the bug is to be planted anew.
 */

import type { Scenario } from "./scenario.ts"

/** Scenarios in which a bug can show at all, where most are none of them. */
type Where = (scenario: Scenario) => boolean

/** A bug: in a file of src/, one text stands in place of another. */
export interface Bug {
  readonly name: string
  readonly file: string
  /** It stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  readonly where?: Where | undefined
}

/** Bugs of a file. */
const inFile = (
  file: string,
  bugs: ReadonlyArray<readonly [name: string, find: string, replace: string, where?: Where]>
): ReadonlyArray<Bug> => bugs.map(([name, find, replace, where]) => ({ name, file, find, replace, where }))

const serves = (what: RegExp): Where => ({ server }) => what.test(server)
/** Some codes have no answer, or for a time none has. */
const troubled = (what: RegExp): Where => ({ server, trouble }) => trouble !== undefined && what.test(server)
const isDown: Where = ({ policy, server }) => policy.breaker !== null && /outage/.test(server)
const isRated: Where = ({ rates }) => rates.length > 0
/** The judge counts retries. */
const isThrifty: Where = ({ policy, server }) =>
  policy.retryBudget?.perSecond === 2 && policy.breaker === null && !policy.hedge && /errors=[24]0%/.test(server)
/** While the first code is asked alone, time for three calls or more is saved up. */
const isSaving: Where = ({ healthy, list, policy: { concurrency }, rates: [rate] }) =>
  healthy !== undefined && rate !== undefined && healthy.latency * rate.limit > 3000 && list.length > 1.2 * rate.limit
  && concurrency !== "auto" && concurrency >= 16
/** It may be refused more often than it takes to know that chance does not explain it. */
const isPatient: Where = ({ policy, server }) => policy.retry.retries > 3 && /poison=.*:429/.test(server)
const isTight: Where = ({ policy, rates }) => policy.concurrency === 1 && rates[0]?.limit === 50

export const bugs: ReadonlyArray<Bug> = [
  ...inFile("Upstream/Admission.ts", [
    ["the gate is not consulted", "limit()) && !Gate.isShut(state.gate, at),", "limit()),"],
    [
      "one call too many",
      "state.inFlight < Math.min(isReopening",
      "state.inFlight <= Math.min(isReopening",
      isDown
    ],
    [
      "all workers probe at once",
      "ramp = alone\n      window = Breaker.closed",
      "ramp = Infinity\n      window = Breaker.closed",
      isDown
    ],
    [
      "probes come as fast as after a 429",
      "isOutage ? { ...throttle, ...breaker! } : throttle",
      "throttle",
      (scenario) => isDown(scenario) && scenario.policy.breaker!.base > scenario.policy.throttle.base
    ],
    [
      "what the server told is not heard",
      "const told = cause.kind === \"throttled\" ? cause.told : undefined",
      "const told = undefined"
    ]
  ]),
  ...inFile("Sweep/Queue.ts", [
    [
      "retries pay no rate",
      "admission.began()\n      spend(at)",
      "admission.began()\n      if (asked.calls === 0) spend(at)"
    ],
    ["nobody is woken for a retry", "queue.push(asked)\n      wake(1)", "queue.push(asked)"],
    [
      "nobody is woken when the gate opens",
      "sleepUntil(() => state.gate.until),\n      Effect.sync(() => wake(Infinity))",
      "sleepUntil(() => state.gate.until),\n      Effect.sync(() => wake(0))"
    ],
    [
      "the clock is read twice before somebody parks",
      "if (isReady && readyAt() > at) keepPace()",
      "if (isReady && readyAt() > now()) keepPace()",
      isTight
    ],
    ["the pacer wakes nobody", "isPaced = false\n        wake(1)", "isPaced = false"],
    ["questions in back-off are counted for ever", "progress.waiting -= count\n", ""],
    [
      "questions in back-off are forgotten at the end",
      "+ progress.waiting + progress.inFlight === 0",
      "+ progress.inFlight === 0"
    ],
    ["two workers get the next page", "!isExhausted && !isPulling", "!isExhausted", ({ list }) => list.length > 512],
    [
      "retries cost no budget",
      "if (retried !== undefined) admission.retried(at)\n",
      "",
      isThrifty
    ],
    ["a hedge is sent for what is answered", "if (place >= 0) hedges.splice(place, 1)", ""],
    [
      "what was refused goes first after a pause",
      "const asked = witness ?? again ?? fresh(active)",
      "const asked = once(back.shift(), active) ?? fresh(active)",
      troubled(/poison=.*:429/)
    ],
    [
      "the next in line tells whether the others fail too",
      "          : turn === 1\n          ? elsewhere(active)",
      "          : turn === 1\n          ? fresh(active)",
      troubled(/block/)
    ],
    [
      "what is known is not asked again",
      "? canary(active)\n          : turn",
      "? undefined\n          : turn",
      troubled(/block/)
    ]
  ]),
  ...inFile("Upstream/Meter.ts", [
    ["what is reserved is what was spent", "write(next.calls, Pace.ahead", "write(calls, Pace.ahead"],
    [
      "calls are sent before they are reserved",
      "calls < covered.calls && at <= covered.until",
      "true",
      ({ policy }) => policy.budget.calls !== undefined
    ],
    [
      "a restart forgets the rate",
      "Pace.resume(rates, spent.pace, now(), offset(), weight, spent.history)",
      "Pace.resume(rates, {}, now(), offset(), weight)",
      (scenario) => isRated(scenario) && scenario.lives.length > 0
    ],
    ["a restart forgets how much was spent", "let { calls } = spent", "let calls = 0"],
    ["the pause is not kept", "gate: shut > now() ? Math.ceil(shut + toWall) : 0", "gate: 0"],
    [
      "every call counts as one",
      "Pace.take(pace, at, weight, isAwaited)",
      "Pace.take(pace, at, 1, isAwaited)",
      (scenario) => isRated(scenario) && scenario.weight > 1
    ],
    ["a refund is given twice", "calls--", "calls -= 2"],
    ["the budget is no limit", "const most = account.most", "const most = () => Infinity"]
  ]),
  ...inFile("Sweep.ts", [
    ["a kept pause is not heeded", "if (paused > 0) yield*", "if (paused > 1e12) yield*"],
    ["a 429 is an attempt", "progress.throttled++\n", "progress.throttled++\n        asked.attempts++\n"],
    ["a question that got a 429 is lost", "asked.inFlight > 0 ? Effect.void : queue.again(asked)", "Effect.void"],
    ["a canary is an outcome", "if (asked.isCanary) return judgeCanary(asked, attempt)\n", ""],
    [
      "there is always time",
      "if (time !== undefined) {",
      "if (time === null) {",
      ({ policy }) => policy.budget.time !== undefined
    ],
    ["what is not sent is not refunded", "meter?.refund()\n        return finish", "return finish"],
    [
      "nobody is blamed for refusals",
      "refusedAgain(asked) ? finish(asked, \"failed\", attempt, undefined, verdict.error) : putBack(asked)",
      "putBack(asked)",
      troubled(/poison=.*:429/)
    ],
    [
      "an empty purse is a failure of each code",
      "if (!isDoubted(verdict)) {\n            lost.push",
      "if (false) {\n            lost.push",
      troubled(/outage.*:402/)
    ],
    ["one answer does not end the doubt", "return give(suspicion.cleared())", "return Effect.void", troubled(/block/)],
    [
      "what failed alike is settled at the stop",
      "if (isUnknown) suspicion.drop(\"failed\")",
      "if (!isUnknown) suspicion.drop(\"failed\")"
    ]
  ]),
  ...inFile("Sweep/Suspicion.ts", [
    [
      "a refused key stops the run, whoever was answered",
      "if (isAccepted) return undefined\n",
      "",
      troubled(/poison=.*:40[13]/)
    ],
    [
      "nothing is withheld",
      "const isWithheld = !isFound || (row.count > 0 && isRefused(settled))",
      "const isWithheld = false"
    ],
    [
      "what is no word on the others releases them",
      "withheld.length === 0 || row.count > 0 ? [settled]",
      "withheld.length === 0 ? [settled]",
      troubled(/outage/)
    ]
  ]),
  ...inFile("Policy/Uniform.ts", [
    [
      "failures that are the same raise no doubt",
      "count >= (hasKnown ? limit : limit - enough)",
      "count >= 1e9",
      troubled(/outage/)
    ],
    [
      "a block of bad codes stops the run",
      "({\n  ...row,\n  count: 0,\n  probes: 0,\n  looks: 0,\n  limit: Math.min(mostAlike, row.limit * 2)\n})",
      "row",
      troubled(/block/)
    ],
    ["what was under way ends a row", "(row.count > 0 && sentAt < row.since)", "(row.count < 0)", troubled(/outage/)]
  ]),
  ...inFile("Policy/Overload.ts", [
    ["a 503 beside answers is a failure", "phase !== \"unknown\"", "false"]
  ]),
  ...inFile("Policy/Refusal.ts", [
    ["a few refusals are a code's own fault", "if (times < enough) return false", "", isPatient]
  ]),
  ...inFile("Sweep/Crew.ts", [
    [
      "a time in which nothing ran is charged to the calls in flight",
      "if (gap <= longestLag) return at",
      "if (gap < Infinity) return at",
      ({ freezes }) => freezes.length > 0
    ],
    ["no call has a time limit", "const isLate = at - sentAt >= timeout ||", "const isLate =", serves(/hangs/)],
    ["the slower answer counts too", "if (asked.inFlight > 0) abandon(asked)\n", ""],
    [
      "a call is not counted",
      "one.calls++\n    progress.calls++",
      "one.calls++\n    if (asked.calls === 1) progress.calls++"
    ]
  ]),
  ...inFile("Policy/Pace.ts", [
    ["the log is short by one", "if (free < 0) return", "if (free < -1) return"],
    [
      "saved-up time is added to the burst",
      "up(Math.max(at, tat)) + weight * interval",
      "(tat === -Infinity ? up(at) : tat) + weight * interval",
      isSaving
    ],
    ["the bucket never empties", "up(Math.max(at, tat)) + weight", "up(at) + weight", isRated],
    [
      "calls that are made up for are not counted",
      "if (logs === \"none\" && at >= foreign)",
      "if (logs !== \"parts\")"
    ]
  ]),
  ...inFile("Policy/Gate.ts", [
    [
      "a told wait is no longer than a second",
      "const wait = asked > 0 ? asked : own",
      "const wait = asked > 0 ? Math.min(asked, 1000) : own"
    ]
  ]),
  ...inFile("Policy/Retry.ts", [
    ["one retry too many", "Schedule.recurs(retry.retries)", "Schedule.recurs(retry.retries + 1)"],
    [
      "the back-off has no cap",
      "Duration.min(delay, retry.cap)",
      "delay",
      ({ policy: { concurrency, retry } }) => concurrency === 120 && retry.retries > 3
    ]
  ]),
  ...inFile("Policy/Breaker.ts", [
    ["the breaker never opens", "count(window) >= failures", "false"]
  ]),
  ...inFile("Policy/RetryBudget.ts", [
    ["the budget fills ten times as fast", "/ 1000 * budget.perSecond", "/ 100 * budget.perSecond", isThrifty]
  ]),
  ...inFile("Limits/RetryAfter.ts", [
    ["Retry-After is milliseconds", "found[1] === undefined ? 1000 : 1", "1"]
  ]),
  ...inFile("Limits/Value.ts", [
    ["a date is taken by our own clock", "at - HttpDate.sent(reply)", "at - reply.at"]
  ]),
  ...inFile("Lookup/Classify.ts", [
    ["a 404 is a failure", "\"404\": \"not_found\"", "\"404\": \"failed\""],
    ["a 500 is final", "\"5xx\": \"retry\"", "\"5xx\": \"failed\""]
  ]),
  ...inFile("Rollcall/Recorder.ts", [
    ["a batch is committed again", "batch = []\n", ""],
    [
      "an outcome is projected before it is committed, and not committed",
      "ledger.record(list, outcomes),",
      "Effect.void,"
    ]
  ]),
  ...inFile("Rollcall/Projection.ts", [
    ["a pending row is written", "page.slice(0, end)", "page.slice(0, end + 1)"],
    ["rows are written again after a restart", "let position = writer.position", "let position = 0"]
  ]),
  ...inFile("Rollcall/Enrolment.ts", [
    [
      "equal codes are asked twice",
      "Entry.question(code.right, entry.columns, lookup.inputs)",
      "Entry.question(`${code.right}#`, entry.columns, lookup.inputs)"
    ]
  ])
]
