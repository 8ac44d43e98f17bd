// Which module may import which is not here: scripts/directions.ts holds it.

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
    "typescript/consistent-type-imports": "error",
    "unicorn/no-array-reverse": "off",
    "unicorn/no-array-sort": "off",
    // a small function stands best beside its only use
    "unicorn/consistent-function-scoping": "off",
    "unicorn/prefer-node-protocol": "error"
  },
  overrides: [
    { files: ["**/src/**"], rules: { "eslint/no-restricted-properties": ["error", ...runs] } },
    { files: ["**/src/bin.ts"], rules: { "eslint/no-restricted-properties": "off" } }
  ]
}
