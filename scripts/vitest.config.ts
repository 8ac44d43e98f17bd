import { resolve } from "node:path"
import { defineConfig } from "vitest/config"

const report = process.env.TEST_REPORT

export default defineConfig({
  root: resolve(import.meta.dirname, ".."),
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/machine.setup.ts",
    setupFiles: "test/pause.setup.ts",
    // Processes, not threads: tests start servers, open ledgers and send signals.
    pool: "forks",
    maxWorkers: 2,
    minWorkers: 1,
    // A file more in a process costs nothing; a process more loads Effect again.
    isolate: false,
    // Of those that mostly wait.
    maxConcurrency: 8,
    // For what hangs: how long a test takes is never what it is about.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]]
  }
})
