/**
 * PubChem: colours that tell how near the limits are.
 */
import { Duration } from "effect"
import type { Dialect } from "./Dialect.ts"

/**
 * `X-Throttling-Control: Request Count status: Green (0%), Request Time status: Green (0%), Service status: Green (20%)`. Red is more
 * than three quarters of what is allowed, or a busy service; Black is too much, and calls are blocked. Who asks too much gets a 503.
 *
 * Source: pubchemdocs.ncbi.nlm.nih.gov/dynamic-request-throttling.
 */
export const dialect: Dialect = {
  name: "pubchem",
  headers: ["x-throttling-control"],
  read: (reply) => {
    const colours = Array.from(reply.header("x-throttling-control")?.matchAll(status) ?? [], ([, colour]) => colour)
    if (colours.length === 0) return undefined
    const told = colours.includes("Black") ? black : colours.includes("Red") ? red : undefined
    return reply.status === 503 ? { ...told, isThrottled: true } : told
  }
}

const status = /\b(?:Request Count|Request Time|Service) status: (Green|Yellow|Red|Black) \(\d{1,4}%\)/g

/** Calls are counted over a minute: after one all of them are forgotten, after a sixth of one so many that Red is Yellow. */
const black = { wait: Duration.minutes(1) }
const red = { wait: Duration.seconds(10) }
