/**
 * The job of which ledgers of each version are kept: the API is behind a proxy, so that the same request is made on every machine.
 */

/** A line a kind: found, not found, failed, a repeat, no code, found and asked again in vain, pending. */
export const list = "name,zip\nAnna,00501\nBea,99999\nCarl,12345\nDora,00501\nErik,N/A\nFritz,60601\nGeorg,10001\n"

/** What the API says to a call, the first of its code or a later one. */
export const reply = (code: string, nth: number): readonly [status: number, body: string] =>
  code === "99999"
    ? [404, ""]
    : code === "12345" || (code === "60601" && nth > 1)
    ? [418, "{\"error\":\"teapot\"}"]
    : [200, JSON.stringify({ city: `City é😀 of ${code}`, big: "x".repeat(20) })]

export const words: ReadonlyArray<string> = [
  "run list.csv --column zip --pattern [0-9]{5} --select city -c 1 -o out.csv".split(" "),
  ["--url", "http://api.example/zips/{code}", "-H", "Key: ${KEY}"]
].flat()

/** The schema in PostgreSQL. */
export const schema = "released"
