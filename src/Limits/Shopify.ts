/**
 * Shopify's REST API: a leaking bucket.
 */
import type { Dialect } from "./Dialect.ts"
import * as Value from "./Value.ts"
import * as Window from "./Window.ts"

/** The bucket is empty after so many seconds, whatever its size. */
const leakTime = 20

/**
 * `X-Shopify-Shop-Api-Call-Limit: 32/40`: calls in the bucket, and how many it holds.
 *
 * Source: shopify.dev, "REST Admin API rate limits".
 */
export const dialect: Dialect = {
  name: "shopify",
  headers: ["x-shopify-shop-api-call-limit", "http-x-shopify-shop-api-call-limit"],
  read: (reply) => {
    const written = dialect.headers.map((name) => reply.header(name)).find((value) => value !== undefined)
    const [used, size] = (written ?? "").split("/").map((text) => Value.count(text))
    if (used === undefined || size === undefined || size === 0) return undefined
    return Window.told(reply, [Window.bucket(Math.max(0, size - used), 1, size / leakTime)])
  }
}
