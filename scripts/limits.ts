/**
 * `npm run bench:limits`: how well limits are kept and used in real time, judged by the server.
 *
 *     npm run bench:limits -- [--seconds 10] [--codes 20000]
 *
 * First `--rate` of 10, 100, 1,000 and 5,000 per second against a small server that counts the calls in every second, wherever it begins.
 * Then nginx with `limit_req`, also without any burst, and `limit_conn`, a server that nobody here wrote: with flags that fit its limits, and
 * with `-c auto`, which does not know them. Nothing here passes or fails by time; an answer that is missing fails.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { body, command, freePort, freshFolder, list, pinned, print, root, time } from "./bench/measure.ts"

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "10" }, codes: { type: "string", default: "20000" } }
})
const seconds = Number(values.seconds)
const codes = Number(values.codes)
if (!(seconds >= 1 && codes >= 100)) {
  console.error("usage: npm run bench:limits -- [--seconds N] [--codes N]")
  process.exit(2)
}

const percent = (value: number) => `${(value * 100).toFixed(1)} %`

/** Starts a server on the first core and waits until it answers. */
const serve = async (program: string, args: ReadonlyArray<string>, url: string) => {
  const server = spawn(...pinned(0, program, args), { stdio: ["ignore", "ignore", "inherit"] })
  for (let tries = 0; !await fetch(url).then((reply) => reply.ok, () => false); tries++) {
    if (tries === 100 || server.exitCode !== null) throw new Error("the server does not start")
    await new Promise((done) => setTimeout(done, 50))
  }
  return () => server.kill("SIGTERM")
}

/** Runs the command on the second core; every code must be answered. */
const ask = (count: number, url: string, ...flags: ReadonlyArray<string>) => {
  const folder = freshFolder()
  const { file } = list(count, url)
  const words = ["run", file, "--url", url, "-o", "out.ndjson", "--quiet", ...flags]
  time(...pinned(1, process.execPath, [command, ...words]), folder)
  const found = execFileSync("grep", ["-c", "\"found\"", join(folder, "out.ndjson")], { encoding: "utf8" })
  if (Number(found) !== count) throw new Error(`${found.trim()} of ${count} codes found`)
  rmSync(folder, { recursive: true })
}

const rates = async () => {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const stop = await serve(process.execPath, [join(root, "scripts/bench/server.mjs"), `${port}`, body, "20"], origin)
  const rows = [["--rate", "calls", "most in a second", "used"]]
  try {
    for (const rate of [10, 100, 1000, 5000]) {
      const seen = () => fetch(`${origin}/times`).then((reply) => reply.json())
      await seen()
      ask(rate * seconds, `${origin}/{code}`, "--rate", `${rate}/s`, "-c", `${Math.max(8, rate / 10)}`)
      const { calls, millis, most } = await seen() as { calls: number; millis: number; most: number }
      rows.push([`${rate}/s`, `${calls}`, `${most}`, percent((calls - 1) / millis * 1000 / rate)])
    }
  } finally {
    stop()
  }
  print(rows)
}

/** nginx that lets through so many calls a second and so many at once, and answers 429 to more; its log tells when it answered what. */
const nginx = (folder: string, port: number, rate: number, burst: number, connections: number) => {
  const config = join(folder, "nginx.conf")
  writeFileSync(
    config,
    // as root it would become somebody who cannot read the folder
    `${
      process.getuid?.() === 0 ? "user root; " : ""
    }daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/errors crit;
     events { worker_connections 4096; }
     http {
       log_format times '$msec $status'; access_log ${folder}/access times;
       keepalive_requests 1000000000; keepalive_timeout 600s;
       client_body_temp_path ${folder}/nginx; proxy_temp_path ${folder}/nginx; fastcgi_temp_path ${folder}/nginx;
       uwsgi_temp_path ${folder}/nginx; scgi_temp_path ${folder}/nginx;
       limit_req_zone $binary_remote_addr zone=calls:1m rate=${rate}r/s; limit_req_status 429;
       limit_conn_zone $binary_remote_addr zone=connections:1m; limit_conn_status 429;
       server {
         listen 127.0.0.1:${port}; default_type application/json;
         location = /ready { return 200; access_log off; }
         location / { limit_req zone=calls${
      burst === 0 ? "" : ` burst=${burst} nodelay`
    }; limit_conn connections ${connections}; try_files /answer =404; }
         root ${folder};
       }
     }`
  )
  writeFileSync(join(folder, "answer"), body)
  return ["-p", folder, "-c", config]
}

const limited = async () => {
  if (spawnSync("nginx", ["-v"]).status !== 0) {
    console.log("nginx is not installed (Debian: nginx-light): its limits are left out\n")
    return
  }
  const rows = [["nginx", "flags", "codes", "answered/s", "of the allowed", "429"]]
  // the first ones refuse whatever comes nearer than an interval: to the call before, or to the last but one
  const limits = [[20, 0, 32], [37, 1, 32], [200, 10, 32], [500, 50, 64]] as const
  for (const [rate, burst, connections] of limits) {
    for (const flags of [["-c", "16", "--rate", `${rate}/s`], ["-c", "auto"]]) {
      const folder = freshFolder()
      const port = await freePort()
      const stop = await serve("nginx", nginx(folder, port, rate, burst, connections), `http://127.0.0.1:${port}/ready`)
      const count = Math.min(codes, rate * 40)
      try {
        ask(count, `http://127.0.0.1:${port}/zip/{code}`, ...flags)
      } finally {
        stop()
      }
      const log = readFileSync(join(folder, "access"), "utf8").trimEnd().split("\n").map((line) => line.split(" "))
      const answered = log.filter(([, status]) => status === "200").map(([at]) => Number(at))
      const perSecond = (answered.length - 1) / (answered.at(-1)! - answered[0]!)
      rows.push([
        `${rate}/s, burst ${burst}, ${connections} at once`,
        flags.join(" "),
        `${count}`,
        perSecond.toFixed(0),
        percent(perSecond / rate),
        percent(1 - answered.length / log.length)
      ])
    }
  }
  print(rows)
}

await rates()
await limited()
