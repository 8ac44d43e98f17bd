/**
 * Names of files that cannot be what they are to be: a file where a folder is wanted, a folder where a file is wanted, a path through a file,
 * a link to itself, a name that no disk takes. Each is told in words, and is no defect.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { folder, run } from "../command.ts"

const url = "http://127.0.0.1:1/{code}"
const asked = ["run", "list.txt", "--url", url, "-q"]

const noFolder = "a part of its path is a file, not a folder"
const isFolder = "it is a folder: name a file in it"
const tooLong = "its name is too long for this disk: name a shorter one"
const isLoop = "it is a link that leads to itself"
const isLink = "it is a link: name the file itself"

const long = "n".repeat(300)

const cases: ReadonlyArray<readonly [words: ReadonlyArray<string>, exit: number, said: string]> = [
  ...([
    ["file", "there is a file of this name"],
    ["file/x", noFolder],
    ["/dev/null/x", noFolder],
    [long, tooLong],
    ["loop/x", isLink]
  ] as const).map(([place, why]) =>
    [
      ["demo", "--calm", "--sample", "3", "--folder", place],
      2,
      `--folder ${place}: ${why}: name another folder`
    ] as const
  ),
  ...([
    ["folder", isFolder],
    ["file/x", noFolder],
    ["none", "there is no such file"],
    ["none/x", "there is no such file"],
    [long, tooLong],
    ["loop", isLoop]
  ] as const).flatMap(([place, why]) =>
    [
      [["run", place, "--url", url, "-o", "out.csv"], 2, `${place}: ${why}`],
      [[...asked, "-o", "out.csv", "--header-file", place], 2, `--header-file ${place}: ${why}`],
      [[...asked, "-o", "out.csv", "--job", place], 2, `--job ${place}: ${why}`],
      [[...asked, "-o", "out.csv", "--redo-codes", place], 2, `--redo-codes ${place}: ${why}`],
      [["forget", "--codes", place], 2, `--codes ${place}: ${why}`],
      [
        [...asked, "-o", "out.csv", "--ca", place],
        2,
        `--ca ${place}: ${why}; it is to be a file with certificates in PEM`
      ],
      [
        [...asked, "-o", "out.csv", "-d", `@${place}`],
        2,
        `-d @${place}: ${why} (@@ for a body that begins with @)`
      ]
    ] as const
  ),
  ...([
    ["folder", `${isFolder} with --ledger`],
    ["file/x", noFolder],
    [long, `${tooLong} with --ledger`],
    ["loop", `${isLink} with --ledger`],
    ["none/x", "there is no such folder: make it, or name another file with --ledger"],
    ["/dev/null", "it is a pipe or a device: name a file with --ledger"]
  ] as const).map(([place, why]) => [[...asked, "-o", "out.csv", "--ledger", place], 5, `${place}: ${why}`] as const),
  ...(["status", "export", "forget"] as const).flatMap((command) =>
    ([
      ["folder", 5, `${isFolder} with --ledger`],
      ["/dev/null", 5, "it is a pipe or a device: name a file with --ledger"],
      ["file/x", 2, "there is no such ledger"],
      ["none", 2, "there is no such ledger"]
    ] as const).map(([place, exit, why]) =>
      [
        [command, "--ledger", place, ...(command === "forget" ? ["--answers"] : [])],
        exit,
        `${place}: ${why}`
      ] as const
    )
  ),
  [
    [...asked, "-o", "folder/x/y.csv", "--ledger", "a.ledger"],
    5,
    "folder/x/y.csv: it cannot be made: there is no such folder"
  ],
  ...(["plan", "run"] as const).flatMap((command) =>
    ([
      [["-o", "none/y.csv"], "none/y.csv: it cannot be made: there is no such folder"],
      [["-o", "none/y.db"], "none/y.db: it cannot be made: there is no such folder"],
      [
        ["-o", "y.csv", "--ledger", "none/x"],
        "none/x: there is no such folder: make it, or name another file with --ledger"
      ]
    ] as const).map(([words, why]) => [[command, ...asked.slice(1), ...words], 5, why] as const)
  ),
  [[...asked, "-o", "file/y.csv", "--ledger", "a.ledger"], 5, `file/y.csv: it cannot be made: ${noFolder}`],
  [[...asked, "-o", "folder", "--format", "csv"], 2, `folder: ${isFolder}`],
  [[...asked, "-o", `${long}.db`, "--ledger", "a.ledger"], 5, `${long}.db: ${tooLong} with -o`]
]

describe("rollcall: odd places", () => {
  it.scopedLive.each(cases)("%j: exit %d", ([words, exit, said]) =>
    Effect.gen(function*() {
      const cwd = yield* folder
      writeFileSync(join(cwd, "file"), "")
      writeFileSync(join(cwd, "list.txt"), "a\nb\n")
      mkdirSync(join(cwd, "folder"))
      symlinkSync("loop", join(cwd, "loop"))
      const ended = yield* run(words, { cwd })
      assert.strictEqual(ended.stderr.replaceAll("\n", " ").trimEnd(), `rollcall: ${said}`)
      assert.deepStrictEqual([ended.exit, ended.stdout], [exit, ""])
    }))
})
