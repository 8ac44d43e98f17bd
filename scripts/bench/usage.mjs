// Loaded into each contestant before its own program: at its end, tells what the process has used.
import { writeFileSync } from "node:fs"

const file = process.env.BENCH_USAGE

process.on("exit", () => {
  const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage()
  writeFileSync(file, JSON.stringify({ cpu: userCPUTime + systemCPUTime, rss: maxRSS * 1024 }))
})
