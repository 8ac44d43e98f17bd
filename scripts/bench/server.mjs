// An API that answers every path with the same body, so many milliseconds after it is asked. /times tells how many calls came since it
// was asked for the last time, and in how many milliseconds.
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

let [calls, first, last] = [0, 0, 0]

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  request.resume()
  if (request.url === "/times") {
    response.end(JSON.stringify({ calls, millis: last - first }))
    calls = 0
    return
  }
  last = performance.now()
  if (calls++ === 0) first = last
  if (delay === "0") return answer(response)
  waiting.push({ due: performance.now() + Number(delay), response })
  if (waiting.length === 1) serve()
})
server.listen(Number(port), "127.0.0.1")
