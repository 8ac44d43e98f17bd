// The bare loop that Rollcall is measured against: one pool, 64 calls in flight, each answer read as text.
import { readFileSync } from "node:fs"
import { Pool } from "undici"

const [file, url] = process.argv.slice(2)
const { origin } = new URL(url)
const path = url.slice(origin.length)

const codes = readFileSync(file, "utf8").trimEnd().split("\n")
const pool = new Pool(origin, { connections: 64 })
let next = 0
let answered = 0

const work = async () => {
  while (next < codes.length) {
    const code = encodeURIComponent(codes[next++])
    const { body, statusCode } = await pool.request({ method: "GET", path: path.replace("{code}", code) })
    const text = await body.text()
    if (statusCode === 200 && text.length > 0) answered++
  }
}

await Promise.all(Array.from({ length: 64 }, work))
await pool.close()
if (answered !== codes.length) throw new Error(`${answered} of ${codes.length} codes answered`)
