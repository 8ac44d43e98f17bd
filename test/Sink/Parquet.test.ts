import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { parquetMetadata, parquetReadObjects } from "hyparquet"
import type { Row } from "../../src/Ledger.ts"
import type { SinkError } from "../../src/Sink.ts"
import * as File from "../../src/Sink/File.ts"
import * as Parquet from "../../src/Sink/Parquet.ts"
import { list, refused, row, select } from "./rows.ts"
import { marks } from "./tables.ts"

/** A path in a folder, and what stands there. */
const folder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* fs.makeTempDirectoryScoped()
  return {
    fs,
    out: `${path}/zips.parquet`,
    names: fs.readDirectory(path),
    read: Effect.map(fs.readFile(`${path}/zips.parquet`), (bytes) => bytes.slice().buffer)
  }
})

type Options = NonNullable<Parameters<typeof Parquet.make>[1]> & { readonly list?: Parameters<typeof list>[0] }

const open = (path: string, { list: given, ...options }: Options = {}, known = marks()) =>
  Effect.flatMap(
    Effect.map(File.make(path), (target) => Parquet.make(target, options)),
    (sink) => sink.open({ list: { ...list(given), id: 0, epoch: 1 }, isOrdered: true, marks: known })
  )

const write = (path: string, pages: ReadonlyArray<ReadonlyArray<Row>>, options?: Options, known = marks()) =>
  Effect.scoped(
    Effect.flatMap(
      open(path, options, known),
      (writer) => Effect.zipRight(Effect.forEach(pages, writer.write, { discard: true }), writer.complete)
    )
  )

describe("Parquet", () => {
  it.scoped("has columns of the type that all their values share", () =>
    Effect.gen(function*() {
      const { out, read } = yield* folder
      const columns: ReadonlyArray<readonly [values: ReadonlyArray<string>, expected: ReadonlyArray<unknown>]> = [
        [["26.1", "null", "7.50"], [26.1, null, 7.5]],
        [["1", "2.5", "-3"], [1, 2.5, -3]],
        [["1", "2", "9007199254740993"], [1n, 2n, 9007199254740993n]],
        [["true", "false", "null"], [true, false, null]],
        [["1", "2", "\"00501\""], ["1", "2", "00501"]],
        [["1.50", "true", "[1]"], ["1.50", "true", "[1]"]],
        [["0.5", "1", "9007199254740993"], ["0.5", "1", "9007199254740993"]],
        [["1e400", "1", "2"], ["1e400", "1", "2"]],
        [["null", "null", "null"], [null, null, null]]
      ]
      const rows = [0, 1, 2].map((ordinal) =>
        row({ ordinal, body: `{${columns.map(([values], index) => `"c${index}":${values[ordinal]}`).join()}}` })
      )
      const names = columns.map((_, index) => `c${index}`)
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = Parquet.make(yield* File.make(out), { select: select(...names) })
        const writer = yield* sink.open({
          list: { ...list({ entries: 3 }), id: 0, epoch: 1 },
          isOrdered: true,
          marks: marks(),
          again: (write) => write(rows)
        })
        // the last row decides what the first one is
        for (const row of rows) yield* writer.write([row])
        yield* writer.complete
      }))
      const file = yield* read
      const found = yield* Effect.promise(() => parquetReadObjects({ file }))
      columns.forEach(([, expected], index) => {
        assert.deepStrictEqual(found.map((row) => row[`c${index}`]), expected, `c${index}`)
      })
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("holds rows in columns that have types", () =>
    Effect.gen(function*() {
      const { names, out, read } = yield* folder
      yield* write(out, [
        [row({ columns: "{\"zip\":\"34102\",\"n\":1}" }), refused(" ")],
        [],
        [
          row({ ordinal: 2, line: 2 ** 31, body: null, isRepeat: true }),
          row({ ordinal: 3, outcome: "failed", http_status: 500, error: "{\"type\":\"status\",\"message\":\"no\"}" })
        ]
      ], { list: { columns: ["zip", "n"], column: "zip" } })
      const first = {
        run: "zips.txt",
        ordinal: 0n,
        line: 1n,
        code: "34102",
        input: null,
        n: "1",
        answer: "{\"city\":\"Naples\"}",
        outcome: "found",
        http_status: 200,
        error_type: null,
        error: null,
        attempts: 1,
        calls: 1,
        repeat: false,
        ms: 12.3,
        at: new Date(1_700_000_000_000)
      }
      const untimed = { attempts: 0, calls: 0, ms: null, at: null, answer: null, n: null }
      const file = yield* read
      assert.deepStrictEqual(yield* Effect.promise(() => parquetReadObjects({ file })), [
        first,
        {
          ...first,
          ...untimed,
          code: "",
          input: " ",
          outcome: "invalid",
          http_status: null,
          error_type: "invalid_code",
          error: "the code is empty"
        },
        { ...first, ...untimed, ordinal: 2n, line: BigInt(2 ** 31), repeat: true },
        {
          ...first,
          n: null,
          answer: null,
          ordinal: 3n,
          outcome: "failed",
          http_status: 500,
          error_type: "status",
          error: "no"
        }
      ])
      const { num_rows, schema } = parquetMetadata(file)
      assert.strictEqual(num_rows, 4n)
      assert.deepStrictEqual(
        schema.slice(1).map(({ converted_type = "", name, type }) => `${name} ${type} ${converted_type}`.trim()),
        [
          "run BYTE_ARRAY UTF8",
          "ordinal INT64",
          "line INT64",
          "code BYTE_ARRAY UTF8",
          "input BYTE_ARRAY UTF8",
          "n BYTE_ARRAY UTF8",
          "answer BYTE_ARRAY UTF8",
          "outcome BYTE_ARRAY UTF8",
          "http_status INT32",
          "error_type BYTE_ARRAY UTF8",
          "error BYTE_ARRAY UTF8",
          "attempts INT32",
          "calls INT32",
          "repeat BOOLEAN",
          "ms DOUBLE",
          "at INT64 TIMESTAMP_MILLIS"
        ]
      )
      assert.deepStrictEqual(yield* names, ["zips.parquet"])
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("holds selected fields as text", () =>
    Effect.gen(function*() {
      const { out, read } = yield* folder
      const bodies = [
        "{\"a\":9007199254740993,\"b\":[1,{\"c\":\"\\u0000\"}]}",
        "{\"a\":\"x\\u0000y 🐘\",\"b\":true}",
        "{\"a\":\"half \\ud83d\",\"b\":null}",
        "{\"a\":0.1}"
      ]
      const rows = bodies.map((body, ordinal) => row({ ordinal, body }))
      yield* write(out, [rows], { select: select("a", "field=b"), noTiming: true })
      const file = yield* read
      const found = yield* Effect.promise(() => parquetReadObjects({ file }))
      assert.deepStrictEqual(found.map(({ a, field }) => [a, field]), [
        ["9007199254740993", "[1,{\"c\":\"\\u0000\"}]"],
        ["\"x\\u0000y 🐘\"", "true"],
        ["\"half \\ud83d\"", null],
        ["0.1", null]
      ])
      assert.notProperty(found[0]!, "ms")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("is written in groups of rows, so that little stands in memory", () =>
    Effect.gen(function*() {
      const { out, read } = yield* folder
      const rows = Array.from({ length: 25_000 }, (_, ordinal) =>
        row({ ordinal, key: `${ordinal}`, input: `${ordinal}` }))
      const large = Array.from({ length: 20 }, (_, index) =>
        row({ ordinal: 25_000 + index, body: JSON.stringify("x".repeat(1024 * 1024)) }))
      yield* write(out, [rows, ...large.map((row) => [row])])
      const file = yield* read
      const { num_rows, row_groups } = parquetMetadata(file)
      assert.strictEqual(num_rows, 25_020n)
      assert.deepStrictEqual(
        row_groups.map(({ num_rows }) =>
          num_rows
        ),
        [10_000n, 10_000n, 5_016n, 4n]
      )
      const codes = yield* Effect.promise(() =>
        parquetReadObjects({ file, columns: ["code"], rowEnd: 25_000 })
      )
      assert.isTrue(codes.every(({ code }, index) => code === `${index}`))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped.each([0, 1, 10_000])("ends with a whole group, of %i rows", (count) =>
    Effect.gen(function*() {
      const { out, read } = yield* folder
      yield* write(out, [Array.from({ length: count }, (_, ordinal) => row({ ordinal }))])
      assert.strictEqual(parquetMetadata(yield* read).num_rows, BigInt(count))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("has its name when it is complete, and takes no other file's place", () =>
    Effect.gen(function*() {
      const { fs, names, out } = yield* folder
      const known = marks()
      const { check } = Parquet.make(yield* File.make(out))
      yield* Effect.scoped(Effect.gen(function*() {
        const { write } = yield* open(out)
        yield* write([row()])
        assert.deepStrictEqual(yield* names, ["zips.parquet.part"])
      }))
      yield* write(out, [[row()]], {}, known)
      assert.deepStrictEqual(yield* names, ["zips.parquet"])
      assert.strictEqual((yield* fs.stat(out)).mode & 0o777, 0o666 & ~process.umask())
      yield* check(known)
      const error = (yield* Effect.flip(check(marks()))) as SinkError
      assert.strictEqual(error.reason, "Exists")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("refuses two columns of one name", () =>
    Effect.gen(function*() {
      const { names, out } = yield* folder
      const error = (yield* Effect.flip(open(out, { select: select("a=x", "A=y") }))) as SinkError
      assert.strictEqual(error.reason, "Clash")
      assert.deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
