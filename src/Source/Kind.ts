/**
 * What kind of file a list is, told by its first bytes: some kinds are read, others are named and refused.
 */

/** Kinds that are no text. */
export type Kind = "gzip" | "zip" | "text" | { readonly refused: string }

const unpack = (what: string, how: string): Kind => ({ refused: `it is packed by ${what}: unpack it first, ${how}` })

const signatures: ReadonlyArray<readonly [bytes: ReadonlyArray<number>, kind: Kind]> = [
  [[0x1f, 0x8b], "gzip"],
  [[0x50, 0x4b, 0x03, 0x04], "zip"],
  [[0x50, 0x4b, 0x05, 0x06], { refused: "this is an empty ZIP archive" }],
  [[0x42, 0x5a, 0x68], unpack("bzip2", "bunzip2 -c FILE | rollcall run - …")],
  [[0x28, 0xb5, 0x2f, 0xfd], unpack("zstd", "zstdcat FILE | rollcall run - …")],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], unpack("xz", "xzcat FILE | rollcall run - …")],
  [[0x37, 0x7a, 0xbc, 0xaf], unpack("7-Zip", "7z x -so FILE | rollcall run - …")],
  [[0x04, 0x22, 0x4d, 0x18], unpack("lz4", "lz4cat FILE | rollcall run - …")],
  [[0xd0, 0xcf, 0x11, 0xe0], {
    refused: "this is a workbook of an old kind (.xls), or protected by a password: save it as .xlsx or as CSV UTF-8"
  }],
  [[0x50, 0x41, 0x52, 0x31], {
    refused:
      "this is a Parquet file: write its column of codes as CSV first (rollcall export FILE -o list.csv where a run wrote it)"
  }],
  [[0x53, 0x51, 0x4c, 0x69, 0x74, 0x65, 0x20], {
    refused: "this is a SQLite database: write the table as CSV first, sqlite3 -csv -header FILE 'SELECT …' "
      + "(rollcall export FILE -o list.csv where a run wrote it)"
  }],
  [[0x25, 0x50, 0x44, 0x46], { refused: "this is a PDF document: a list is text or a workbook" }]
]

/** The kind of a file, or nothing where more bytes could tell another one. */
export const of = (head: Uint8Array, isWhole: boolean): Kind | undefined => {
  for (const [bytes, kind] of signatures) {
    const length = Math.min(bytes.length, head.length)
    if (!bytes.slice(0, length).every((byte, at) => byte === head[at])) continue
    if (length === bytes.length) return kind
    // one that is cut off within its own mark is taken for what it begins like
    if (bytes[0]! < 0x20 && length > 0) return isWhole ? kind : undefined
    if (!isWhole) return undefined
  }
  // a mark of UTF-16 or UTF-8, and text without one that has a NUL in each character
  return head.length >= 4 || isWhole || !(head[0]! > 0x7f || head.includes(0)) ? "text" : undefined
}
