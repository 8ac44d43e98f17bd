// STYLE's import directions as lint rules: each module's rule is put together from the three lists on top.

/** From the outside in: a module imports from its own row and from those below it, never from one above. */
const rows = [
  ["bin", "Cli"],
  ["Job", "Settings", "Report", "Cluster"],
  ["Rollcall", "Sweep", "Source", "Sink", "Ledger", "Lookup"],
  ["Sql"],
  ["Policy"],
  ["Outcome", "Entry"],
  ["Code"]
]

/** What needs Node; all else runs on any platform. */
const node = [
  "bin",
  "Cli",
  "Demo",
  "Transport",
  "Ledger/Sqlite",
  "Ledger/Postgres",
  "Sink/Sqlite",
  "Sql",
  "Sink/Postgres",
  "Sink/Gzip",
  "Sink/Lock",
  "Sink/Parquet",
  "Sink/Print",
  "Source/Gzip",
  "Source/Pipe"
]

/** What knows the command line. */
const command = ["bin", "Cli"]

const imports = (module) => {
  const row = rows.findIndex((modules) => modules.includes(module.split("/")[0]))
  const above = rows.slice(0, row === -1 ? 1 : row).flat()
  const patterns = [
    !command.includes(module) && {
      regex: "^@effect/cli(/|$)",
      message: "Only bin.ts and Cli* know the command line."
    },
    !node.includes(module) && {
      regex: "^(node:|(@effect/platform-node|@effect/sql-pg|pg|undici|@photostructure/sqlite)(/|$))",
      message: `Node's own parts stand only in ${node.join(", ")}.`
    },
    above.length > 0 && {
      regex: `^\\.{1,2}/(.+/)?(${above.join("|")})(\\.ts$|/)`,
      message: "Imports go bin → Cli → Job → {Rollcall, Source, Sink, Ledger, Lookup} → Sql → Policy → Outcome → Code."
    }
  ]
  return ["error", { patterns: patterns.filter((pattern) => pattern !== false) }]
}

/** `Effect.run…` belongs to bin.ts; what calls back into Effect from elsewhere uses its runtime. */
const runs = ["runPromise", "runPromiseExit", "runSync", "runSyncExit", "runFork", "runCallback"].map((property) => ({
  object: "Effect",
  property,
  message: "An effect is run in bin.ts alone."
}))

export default {
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    "eslint/eqeqeq": "error",
    "eslint/no-shadow": "off",
    "eslint/no-underscore-dangle": "off",
    "eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    "eslint/prefer-const": "error",
    "import/no-cycle": "error",
    "typescript/consistent-type-imports": "error",
    "unicorn/no-array-reverse": "off",
    "unicorn/no-array-sort": "off",
    // a small function stands best beside its only use
    "unicorn/consistent-function-scoping": "off",
    "unicorn/prefer-node-protocol": "error"
  },
  overrides: [
    {
      files: ["**/src/**"],
      rules: { "eslint/no-restricted-imports": imports("*"), "eslint/no-restricted-properties": ["error", ...runs] }
    },
    ...[...rows.flat(), ...node].map((module) => ({
      files: [`**/src/${module}.ts`, `**/src/${module}/**`],
      rules: { "eslint/no-restricted-imports": imports(module) }
    })),
    { files: ["**/src/bin.ts"], rules: { "eslint/no-restricted-properties": "off" } }
  ]
}
