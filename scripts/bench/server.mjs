// The API of the benchmark where nginx is not installed: answers every path with the same body.
import { createServer } from "node:http"

const [port, body] = process.argv.slice(2)

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  request.resume()
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) })
  response.end(body)
})
server.listen(Number(port), "127.0.0.1")
