/**
 * ip-api.com: what remains, and for how many seconds.
 */
import type { Dialect } from "./Dialect.ts"
import * as Value from "./Value.ts"
import * as Window from "./Window.ts"

/**
 * `X-Rl: 44` and `X-Ttl: 60`. Who asks when `X-Rl` is 0 gets a 429, and who keeps asking is banned.
 *
 * Source: ip-api.com/docs/unban.
 */
export const dialect: Dialect = {
  name: "ip-api",
  headers: ["x-rl", "x-ttl"],
  read: (reply) => {
    const remaining = Value.count(reply.header("x-rl"))
    if (remaining === undefined) return undefined
    return Window.told(reply, [Window.of({ remaining, reset: Value.wait(reply.header("x-ttl"), reply) })])
  }
}
