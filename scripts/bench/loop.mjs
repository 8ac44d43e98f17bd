// The bare loop around a client: so many calls in flight, each answer read as text, and nothing else.
import { readFileSync } from "node:fs"

const [name, file, url, inFlight] = process.argv.slice(2)

/** What asks for one code: its answer, or an error. */
const clients = {
  undici: async () => {
    const { Pool } = await import("undici")
    const { origin } = new URL(url)
    const path = url.slice(origin.length)
    const pool = new Pool(origin, { connections: Number(inFlight) })
    return async (code) => {
      const { body, statusCode } = await pool.request({ method: "GET", path: path.replace("{code}", code) })
      const text = await body.text()
      return statusCode === 200 ? text : ""
    }
  },
  fetch: () => async (code) => {
    const response = await fetch(url.replace("{code}", code))
    const text = await response.text()
    return response.ok ? text : ""
  },
  got: async () => {
    const { default: got } = await import("got")
    return (code) => got(url.replace("{code}", code)).text()
  }
}

const ask = await clients[name]()
const codes = readFileSync(file, "utf8").trimEnd().split("\n")
let next = 0
let answered = 0

const work = async () => {
  while (next < codes.length) {
    const text = await ask(encodeURIComponent(codes[next++]))
    if (text.length > 0) answered++
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, work))
if (answered !== codes.length) throw new Error(`${answered} of ${codes.length} codes answered`)
// connections that are kept would keep the process too
process.exit()
