/**
 * Who is measured. Each asks the same API about the same list, with the same number of calls in flight.
 */
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { body, command, type Contestant, type Job, root } from "./measure.ts"

export interface Rival extends Contestant {
  readonly title: string
  /** The part of the codes that a slow one is asked about, so that nobody waits for it; 1 unless told otherwise. */
  readonly share?: number
  /** What tells that it is installed here. */
  readonly probe?: readonly [program: string, ...args: ReadonlyArray<string>]
}

const expect = ({ codes }: Job, answers: number) => {
  if (answers !== codes) throw new Error(`${answers} answers for ${codes} codes`)
}
const count = (text: string, file: string) => readFileSync(file, "utf8").split(text).length - 1

/** A client in the bare loop, which counts its answers itself. */
const loop = (client: string, title = client): Rival => ({
  title,
  args: ({ file, inFlight, url }) => [join(root, "scripts/bench/loop.mjs"), client, file, url, `${inFlight}`]
})

/** Every URL in one call of curl. */
const curl = (title: string, output: (code: string) => string, verify: (job: Job) => void): Rival => ({
  title,
  program: "curl",
  probe: ["curl", "--parallel", "--version"],
  args: ({ file, folder, inFlight, url }) => {
    const codes = readFileSync(file, "utf8").trimEnd().split("\n")
    const config = codes.map((code) => `url = "${url.replace("{code}", code)}"\n${output(code)}`).join("")
    writeFileSync(join(folder, "curl.txt"), config)
    return ["--silent", "--show-error", "--fail", "--parallel", "--parallel-max", `${inFlight}`, "--config", "curl.txt"]
  },
  verify
})

/** The script in the README, with this API and list. */
const script = ({ file, inFlight, url }: Job) =>
  [
    [`os.environ["METADAPI_KEY"]`, `"none"`],
    ["https://global.metadapi.com/zipc/v1/zipcodes/", url.replace("{code}", "")],
    ["zips.txt", file],
    ["max_workers=32", `max_workers=${inFlight}`]
  ].reduce((text, [from, to]) => {
    if (!text.includes(from!)) throw new Error(`the script in the README has no ${from}`)
    return text.replace(from!, to!)
  }, /```python\n(.*?)```/s.exec(readFileSync(join(root, "README.md"), "utf8"))?.[1] ?? "")

/** By their names for `--only`; ratios are to the first. */
export const contestants = {
  undici: loop("undici", "undici, bare loop"),
  fetch: loop("fetch", "fetch, bare loop"),
  got: { ...loop("got"), share: 0.2 },
  "curl-files": curl(
    "`curl --parallel`, a file a code",
    (code) => `output = "${code}.json"\n`,
    (job) => expect(job, readdirSync(job.folder).filter((name) => name.endsWith(".json")).length)
  ),
  "curl-stdout": curl(
    "`curl --parallel`, to stdout",
    () => "",
    (job) => expect(job, statSync(join(job.folder, "stdout")).size / body.length)
  ),
  python: {
    title: "Python, requests in a thread pool",
    share: 0.05,
    program: "python3",
    probe: ["python3", "-c", "import requests"],
    args: (job) => ["-c", script(job)],
    verify: (job) => expect(job, count("\n", join(job.folder, "zips.ndjson")))
  },
  forEach: {
    title: "`Rollcall.forEach`",
    args: ({ file, inFlight, url }) => [join(root, "scripts/bench/forEach.mjs"), file, url, `${inFlight}`]
  },
  rollcall: {
    title: "`rollcall run`",
    args: (
      { file, inFlight, url }
    ) => [command, "run", file, "--url", url, "-c", `${inFlight}`, "-o", "out.ndjson", "--quiet"],
    verify: (job) => expect(job, count(`"outcome":"found"`, join(job.folder, "out.ndjson")))
  }
} satisfies Record<string, Rival>

export const isInstalled = ({ probe }: Rival) => {
  if (probe === undefined) return true
  const [program, ...args] = probe
  return spawnSync(program, args).status === 0
}
