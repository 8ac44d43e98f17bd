import { Error, FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Record, Stream } from "effect"
import { zipSync } from "fflate"
import { execFileSync } from "node:child_process"
import { closeSync, openSync, writeSync } from "node:fs"
import { gzipSync } from "node:zlib"
import * as ListFormat from "../src/Job/ListFormat.ts"
import * as Source from "../src/Source.ts"
import { isProof } from "./scale.ts"
import { lines, read, refuse, tell } from "./Source/read.ts"
import { none, t, workbook } from "./Source/workbook.ts"

/** The same two codes in each format. */
const samples: Record<ListFormat.Name, string> = {
  lines: "00501\nZürich 🎉\n",
  csv: "zip,city\n00501,\"Holtsville, NY\"\nZürich 🎉,\n",
  tsv: "zip\tcity\n00501\tHoltsville\nZürich 🎉\t\n",
  psv: "zip|city\n00501|Holtsville\nZürich 🎉|\n",
  ndjson: "{\"zip\":\"00501\",\"city\":\"Holtsville\"}\n{\"zip\":\"Zürich 🎉\"}\n",
  json: "[{\"zip\":\"00501\",\"city\":\"Holtsville\"},\n{\"zip\":\"Zürich 🎉\"}]\n"
}

const formats = Record.toEntries(samples).map(([format, text]) => ({
  format,
  text,
  options: { format, ...(format === "lines" ? {} : { column: "zip" }) },
  /** The line of the first code. */
  first: format.endsWith("sv") ? 2 : 1,
  /** What may go on without end. */
  open: format === "json" ? "[\"" : ""
}))

const gzip = (...texts: ReadonlyArray<string | Uint8Array>) => Buffer.concat(texts.map((text) => gzipSync(text)))
const middle = (text: string) => Buffer.from(text).subarray(0, Buffer.from(text).indexOf("ü") + 1)
const rest = (text: string) => Buffer.from(text).subarray(middle(text).length)

describe.each(formats)("Source of $format", ({ first, format, open, options, text }) => {
  const given = { ...options, format: ListFormat.formats[format] }
  const ways: ReadonlyArray<readonly [way: string, input: string | Uint8Array]> = [
    ["as it is", text],
    ["without a final newline", text.trimEnd() + (format === "tsv" ? "\t" : "")],
    ["with CRLF", text.replaceAll("\n", "\r\n")],
    ["with CR", text.replaceAll("\n", "\r")],
    ["with a byte order mark", `\ufeff${text}`],
    ["packed by gzip", gzip(text)],
    ["packed by gzip in two members, cut within a character", gzip(middle(text), rest(text))],
    ["packed by gzip, with an empty member and padding", Buffer.concat([gzip(text, ""), Buffer.alloc(512)])]
  ]
  it.effect.each(ways)("reads it %s, in one piece and byte by byte", ([, input]) =>
    Effect.gen(function*() {
      const expected = [`${first} 00501`, `${first + 1} Zürich 🎉`]
      for (const size of [undefined, 1, 3]) {
        assert.deepStrictEqual(yield* lines(input, { ...options, ...(size === undefined ? {} : { size }) }), expected)
      }
    }))

  it.effect("passes blank lines over, and counts them", () =>
    Effect.gen(function*() {
      const blank = text.replaceAll("\n", "\n\n \r\n")
      // elements are counted, where others have lines
      const expected = format === "json"
        ? ["1 00501", "2 Zürich 🎉"]
        : [`${3 * first - 2} 00501`, `${3 * first + 1} Zürich 🎉`]
      assert.deepStrictEqual(yield* lines(blank, options), expected)
      assert.deepStrictEqual(yield* lines(blank, { ...options, size: 1 }), expected)
    }))

  const utf16 = (text: string) => Buffer.from(text, "utf16le")
  const encoded: ReadonlyArray<readonly [what: string, input: Uint8Array, note: string]> = [
    ["UTF-16 with a mark", utf16(`\ufeff${text}`), "UTF-16"],
    ["UTF-16 without one", utf16(text), "UTF-16"],
    ["big-endian UTF-16", utf16(`\ufeff${text}`).swap16(), "UTF-16"],
    ["big-endian UTF-16 without a mark", utf16(text).swap16(), "UTF-16"],
    ["Windows-1252", Buffer.from(text.replaceAll(" 🎉", ""), "latin1"), "Windows-1252"],
    ["Windows-1252, packed by gzip", gzip(Buffer.from(text.replaceAll(" 🎉", ""), "latin1")), "Windows-1252"]
  ]
  it.effect.each(encoded)("reads %s, and says so", ([, input, note]) =>
    Effect.gen(function*() {
      for (const size of [undefined, 1, 3]) {
        const { codes, told } = yield* tell(input, { ...options, ...(size === undefined ? {} : { size }) })
        assert.deepStrictEqual(codes, ["00501", note === "UTF-16" ? "Zürich 🎉" : "Zürich"])
        assert.deepStrictEqual(told.assumed, [note])
      }
    }))

  it.effect("says where a text read as Windows-1252 is none of the west", () =>
    Effect.gen(function*() {
      const cyrillic = Buffer.from(text.replaceAll("Zürich 🎉", "\u00cc\u00ee\u00f1\u00ea\u00e2\u00e0"), "latin1")
      const { told } = yield* tell(cyrillic, options)
      assert.deepStrictEqual(told.assumed, ["Windows-1252"])
      assert.strictEqual(told.foreign, "Ìîñêâà")
    }))

  it.effect.each([
    "",
    gzip(""),
    "\n \r\n\n",
    ...(format === "lines" ? [] : [text.split("\n", 1)[0]!]).slice(0, first - 1)
  ])(
    "has no entry where there is nothing: %j",
    (input) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* read(input, options), [])
      })
  )

  /** The longest that is read, in MiB. */
  const limit = format === "lines" ? 1 : 16
  const refused: ReadonlyArray<readonly [what: string, input: string | Uint8Array, reason: string, message: RegExp]> = [
    [
      "a cut character",
      Buffer.from(`${text}ü`).subarray(0, -1),
      "Encoding",
      new RegExp(`^list:${first + 2}: this is not UTF-8 text, and it is UTF-8 elsewhere: `)
    ],
    [
      "a broken character before whole ones",
      Buffer.concat([
        Buffer.from(text.replace("00501", "0x0501")).fill(0xfc, text.indexOf("00501") + 1, text.indexOf("00501") + 2),
        Buffer.from("\n")
      ]),
      "Encoding",
      /^list:\d: this is not UTF-8 text, and it is UTF-8 elsewhere: /
    ],
    [
      "bytes that mean nothing in Windows-1252",
      Buffer.from(text.replaceAll("ü 🎉", "\x81").replaceAll("🎉", "\x8d").replaceAll("ü", "\xfc"), "latin1"),
      "Encoding",
      /^list:\d: this is not UTF-8 text: save text in another encoding as UTF-8, or name that; /
    ],
    ["a picture", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), "Encoding", /^list:1: this is not UTF-8/],
    [
      "a workbook of an old kind",
      Buffer.from("d0cf11e0a1b11ae1", "hex"),
      "Encoding",
      /^list: this is a workbook of an old/
    ],
    ["bzip2", Buffer.from("425a6839314159265359", "hex"), "Encoding", /^list: it is packed by bzip2: unpack it first/],
    ["zstd", Buffer.from("28b52ffd0458", "hex"), "Encoding", /^list: it is packed by zstd: unpack it first/],
    ["zstd within gzip", gzip(Buffer.from("28b52ffd0458", "hex")), "Encoding", /^list: it is packed by zstd: unpack/],
    ["a ZIP archive", zipSync({ "a.csv": Buffer.from(text) }), "Encoding", /^list: this is a ZIP archive: unpack it/],
    ["a NUL", `${text}\0`, "Encoding", /^list:[34]: there is a NUL in it, which no text has/],
    [
      "cut gzip",
      gzip(text).subarray(0, -9),
      "Encoding",
      /^list: it begins like gzip and .* \(unexpected end of file\)/
    ],
    [
      "gzip and more",
      Buffer.concat([gzip(text), Buffer.from(text)]),
      "Encoding",
      /\(incorrect header check\): is it w/
    ],
    ["damaged gzip", gzip(text).fill(0x55, 12, 16), "Encoding", /^list: it begins like gzip and does not unpack \(/],
    ["a gzip header alone", Buffer.from([0x1f, 0x8b]), "Encoding", /^list: it begins like gzip and does not unpack/]
  ]
  // of the formats that differ in their delimiter alone one will do
  const endless: typeof refused = format === "psv" && !isProof ? [] : [
    [
      "a line without end",
      open + "a".repeat(limit * 2 ** 20 + 1),
      "TooLong",
      /^list(:1|, element 1): this (line|row|element) is longer than (1|16) MiB: is /
    ]
  ]
  it.effect.each([...refused, ...endless])("refuses %s", ([, input, reason, message]) =>
    Effect.gen(function*() {
      const error = yield* refuse(input, options)
      assert.instanceOf(error, Source.SourceError)
      assert.strictEqual(error.reason, reason)
      assert.match(error.message, message)
      assert.notInclude(error.message, "\n")
    }))

  if (endless.length > 0) {
    it.effect("gives up on an endless line soon", () =>
      Effect.gen(function*() {
        let pulled = 0
        const piece = new Uint8Array(256 * 1024).fill(97)
        const letters = Stream.concat(
          Stream.fromIterable(open === "" ? [] : [Buffer.from(open)]),
          Stream.repeatEffect(Effect.sync(() => {
            pulled += piece.length
            return piece
          }))
        )
        const error = yield* Effect.flip(Stream.runDrain(Source.bytes("list", letters, given).entries))
        assert.strictEqual(error.reason, "TooLong")
        assert.isBelow(pulled, (limit + 1) * 2 ** 20)
      }))
  }

  it.effect.each(["plain", "gzip"])(
    "lets go of what it reads when no more is wanted: %s",
    (way) =>
      Effect.gen(function*() {
        const bytes = way === "gzip" ? gzip(text) : Buffer.from(text)
        let isOpen = true
        const forever = Stream.concat(Stream.make(bytes), Stream.never).pipe(
          Stream.ensuring(Effect.sync(() => {
            isOpen = false
          }))
        )
        const { entries } = Source.bytes("list", forever, given)
        assert.strictEqual(yield* Stream.runCount(Stream.take(entries, 1)), 1)
        assert.isFalse(isOpen)
      })
  )

  it.effect.each(["plain", "gzip"])("tells of a read that fails half-way: %s", (way) =>
    Effect.gen(function*() {
      const bytes = (way === "gzip" ? gzip(text) : Buffer.from(text)).subarray(0, 20)
      const broken = Stream.concat(Stream.make(bytes), Stream.fail({ message: "EIO: i/o error, read" }))
      const error = yield* Effect.flip(
        Stream.runDrain(Source.bytes("list", broken, given).entries)
      )
      assert.strictEqual(error.message, "list: it cannot be read: EIO: i/o error, read")
    }))
})

describe("Source.formatOf", () => {
  it.each<[name: string, format: ListFormat.Name | undefined]>([
    ["zips.txt", "lines"],
    ["zips.csv", "csv"],
    ["ZIPS.CSV", "csv"],
    ["zips.csv.gz", "csv"],
    ["zips.tsv", "tsv"],
    ["zips.tab", "tsv"],
    ["zips.jsonl", "ndjson"],
    ["zips.ndjson.gz", "ndjson"],
    ["zips.json", "json"],
    ["ZIPS.JSON.GZ", "json"],
    ["zips.psv", "psv"],
    ["zips", undefined],
    ["csv", undefined],
    ["zips.csv.bak", undefined],
    ["standard input", undefined]
  ])("%s is %s", (name, format) => {
    assert.strictEqual(Source.formatOf(name), format && ListFormat.formats[format])
  })
})

describe("a format of one's own", () => {
  /** Codes between semicolons, as far as they have come. */
  const semicolons: Source.Format = {
    endings: ["semi"],
    reader: () => {
      let [text, line] = ["", 0]
      return (piece, isLast) => {
        const codes = (text + piece).split(";")
        text = isLast ? "" : codes.pop()!
        return Effect.succeed(codes.filter((code) => code !== "").map((input) => ({ line: ++line, input })))
      }
    }
  }

  it.effect("is a value, and reads any encoding, plain or packed", () =>
    Effect.gen(function*() {
      for (
        const bytes of [
          Buffer.from("00501;Zürich;1"),
          gzip("00501;Zür", "ich;1;"),
          Buffer.from("00501;Zürich;1", "utf16le")
        ]
      ) {
        const { entries } = Source.bytes("list.csv", Stream.make(bytes), {
          format: semicolons,
          ...(bytes[1] === 0 ? { encoding: "utf-16le" } : {})
        })
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Stream.runCollect(entries)), [
          { line: 1, input: "00501" },
          { line: 2, input: "Zürich" },
          { line: 3, input: "1" }
        ])
      }
    }))

  it("may be told by its ending", () => {
    assert.strictEqual(Source.formatOf("zips.semi.gz", [...Source.formats, semicolons]), semicolons)
    assert.isUndefined(Source.formatOf("zips.semi.gz"))
  })
})

describe("Source.codes", () => {
  it.effect("counts from 1, and can be read again", () =>
    Effect.gen(function*() {
      const { entries } = Source.codes(["00501", " 34102"])
      for (const _ of [1, 2]) {
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Stream.runCollect(entries)), [
          { line: 1, input: "00501" },
          { line: 2, input: " 34102" }
        ])
      }
    }))

  it.effect("may be empty", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Stream.runCount(Source.codes([]).entries), 0)
    }))
})

describe("Source.file", () => {
  /** What reading a file comes to: its codes, or the message. */
  const result = (path: string, options?: Source.Options) =>
    Stream.runCollect(Source.file(path, options).entries).pipe(
      Effect.match({
        onSuccess: (entries) => Chunk.toReadonlyArray(entries).map(({ input }) => input),
        onFailure: ({ message }) => message
      })
    )

  const folder = Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* fs.makeTempDirectoryScoped()
    return { fs, path: (name: string) => `${path}/${name}` }
  })

  it.scoped("reads files of every format and size, told by their names", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      for (const { format, options, text } of formats) {
        const file = path(`list.${ListFormat.formats[format].endings[0]}`)
        yield* fs.writeFileString(file, text)
        yield* fs.writeFile(`${file}.gz`, gzip(text))
        const { column } = { column: undefined, ...options }
        for (const name of [file, `${file}.gz`]) {
          assert.deepStrictEqual(
            yield* result(name, column === undefined ? {} : { column }),
            ["00501", "Zürich 🎉"]
          )
        }
      }
      const many = Array.from({ length: 50_000 }, (_, index) => String(index).padStart(5, "0"))
      yield* fs.writeFileString(path("many.txt"), many.join("\n"))
      assert.deepStrictEqual(yield* result(path("many.txt")), many)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("refuses what is not a file, by name", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* folder
      yield* fs.makeDirectory(path("folder.csv"))
      assert.strictEqual(yield* result(path("folder.csv")), `${path("folder.csv")}: it is a folder: name a file in it`)
      assert.strictEqual(yield* result(path("none.csv")), `${path("none.csv")}: there is no such file`)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("reads a named pipe", () =>
    Effect.gen(function*() {
      const { path } = yield* folder
      execFileSync("mkfifo", [path("pipe")])
      const fs = yield* FileSystem.FileSystem
      const [codes] = yield* Effect.all(
        [result(path("pipe")), fs.writeFileString(path("pipe"), "00501\n34102\n")],
        { concurrency: 2 }
      )
      assert.deepStrictEqual(codes, ["00501", "34102"])
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scopedLive("reads a named pipe as its codes come", () =>
    Effect.gen(function*() {
      const { path } = yield* folder
      execFileSync("mkfifo", [path("pipe")])
      // its writer stays
      const fd = openSync(path("pipe"), "r+")
      writeSync(fd, "00501\n34102\n")
      const [entry] = yield* Stream.runCollect(Stream.take(Source.file(path("pipe")).entries, 1))
      closeSync(fd)
      assert.strictEqual(entry?.input, "00501")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("says who may help where a file may not be read", () =>
    Effect.gen(function*() {
      const denied = new Error.SystemError({
        reason: "PermissionDenied",
        module: "FileSystem",
        method: "open",
        pathOrDescriptor: "zips.csv",
        cause: new globalThis.Error("EACCES: permission denied, open 'zips.csv'")
      })
      const layer = FileSystem.layerNoop({
        stat: () => Effect.succeed({ type: "File" } as FileSystem.File.Info),
        stream: () => Stream.fail(denied)
      })
      assert.strictEqual(
        yield* Effect.provide(result("zips.csv"), layer),
        "zips.csv: you may not read it: chmod u+r, or ask its owner"
      )
    }))
})

describe("Source.bytes", () => {
  it.effect("can be read again", () =>
    Effect.gen(function*() {
      const { entries } = Source.bytes("zips.csv", Stream.make(Buffer.from("zip\n00501\n")))
      assert.strictEqual(yield* Stream.runCount(entries), 1)
      assert.strictEqual(yield* Stream.runCount(entries), 1)
    }))

  it.effect("finds a byte that is not UTF-8 by its line, in whatever piece it comes", () =>
    Effect.gen(function*() {
      const text = Buffer.concat([Buffer.from("Zürich\n34102\n"), Buffer.from([0xc3, 0x28, 0x0a])])
      for (const size of [text.length, 13, 7, 1]) {
        assert.strictEqual((yield* refuse(text, { size })).line, 3, `in pieces of ${size}`)
      }
      assert.deepStrictEqual(yield* read("\ufffd\n"), [{ line: 1, input: "\ufffd" }])
    }))

  it.effect.each<[format: ListFormat.Name, text: string | Uint8Array, told: ReadonlyArray<string>]>([
    ["csv", "zip,n\n1,a\n,b\n3,c\n", []],
    ["tsv", "zip\tn\n1\ta\n\tb\n3\tc\n", []],
    ["ndjson", "{\"zip\":1,\"n\":\"a\"}\n{\"n\":\"b\"}\n{\"zip\":3,\"n\":\"c\"}\n", ["line 2"]],
    ["ndjson", "{\"n\":\"a\",\"zip\":1}\n{\"n\":\"b\",\"zip\":null}\n{\"n\":\"c\",\"zip\":3}\n", []],
    ["json", "[{\"zip\":1,\"n\":\"a\"},{\"n\":\"b\"},{\"zip\":3,\"n\":\"c\"}]", ["element 2"]],
    ["csv", workbook({ s: [[1, t("zip"), t("n")], [2, t("1"), t("a")], [3, none, t("b")], [4, t("3"), t("c")]] }), []]
  ])(
    "takes a row whose code alone is missing for one with an empty code: %s %s",
    ([format, text, told]) =>
      Effect.gen(function*() {
        const list = yield* tell(text, { format, column: "zip" })
        assert.deepStrictEqual(list.codes, ["1", "", "3"])
        const rows = yield* read(text, { format, column: "zip" })
        assert.deepStrictEqual(rows.map(({ columns }) => columns?.n), ["a", "b", "c"])
        assert.deepStrictEqual(
          list.told.warnings,
          told.map((place) => `1 object has no "zip": the code counts as empty (${place})`)
        )
      })
  )

  it.effect("an object of one member that is not the code is none: what the others call it is what it is called", () =>
    Effect.gen(function*() {
      const { codes, told } = yield* tell("{\"zip\":\"1\"}\n{\"zap\":\"2\"}\n{\"city\":\"x\"}\n", { format: "ndjson" })
      assert.deepStrictEqual(codes, ["1", "", ""])
      assert.deepStrictEqual(told.warnings, [
        "2 objects have no \"zip\" (did you mean \"zap\"?): the code counts as empty (line 2 first)"
      ])
    }))
})
