// An API that answers every path with the same body, so many milliseconds after it is asked. /times tells how many calls came since it
// was asked for the last time, in how many milliseconds, and how many of them in the fullest second, wherever it begins.
import { createServer } from "node:http"

const [port, body, delay] = process.argv.slice(2)

const answer = (response) => {
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) })
  response.end(body)
}

// Who is asked first is due first, so one timer serves all. It may fire half a millisecond early as well as late: a delay
// that is always rounded up to the timer's milliseconds would be a longer one.
const waiting = []
const serve = () => {
  const now = performance.now()
  while (waiting.length > 0 && waiting[0].due <= now + 0.5) answer(waiting.shift().response)
  if (waiting.length > 0) setTimeout(serve, Math.floor(waiting[0].due - now))
}

let [calls, first, last, most] = [0, 0, 0, 0]
/** When calls came, those of the last second from `from` on. */
let [times, from] = [[], 0]

const see = (now) => {
  if (calls++ === 0) [first, most, times, from] = [now, 0, [], 0]
  last = now
  times.push(now)
  while (times[from] <= now - 1000) from++
  most = Math.max(most, times.length - from)
  if (from > 100_000) [times, from] = [times.slice(from), 0]
}

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  request.resume()
  if (request.url === "/times") {
    response.end(JSON.stringify({ calls, millis: last - first, most }))
    calls = 0
    return
  }
  see(performance.now())
  if (delay === "0") return answer(response)
  waiting.push({ due: performance.now() + Number(delay), response })
  if (waiting.length === 1) serve()
})
server.listen(Number(port), "127.0.0.1")
