/** What was sent when: a time in milliseconds, and as how many calls it counts. */
export type Sent = readonly [at: number, weight: number]

/** The most calls in any window of this length, wherever it begins; the times are in order. */
export const most = (sent: ReadonlyArray<Sent>, window: number): number => {
  let [most, sum, first] = [0, 0, 0]
  for (const [at, weight] of sent) {
    sum += weight
    while (sent[first]![0] <= at - window) sum -= sent[first++]![1]
    most = Math.max(most, sum)
  }
  return most
}
