/**
 * A workbook unpacked: the parts that are read, by their paths.
 */
import { Effect } from "effect"
import { unzip, type UnzipFileInfo } from "fflate"

/** Bytes that the parts together may have. */
const limit = 1024 * 1024 * 1024

export interface Parts {
  /** Those that are read, by `path`. */
  readonly read: ReadonlyMap<string, Uint8Array>
  /** All there are. */
  readonly paths: ReadonlyArray<string>
}

/** A path as it is compared: writers differ in capitals and slashes. */
export const path = (name: string): string => name.replaceAll("\\", "/").toLowerCase().replace(/^\/|(?<=^|\/)\.\//g, "")

const isRead =
  /^(?:xl\/(?:workbook\.xml|sharedstrings\.xml|styles\.xml|_rels\/workbook\.xml\.rels|worksheets\/[^/]*\.xml)|mimetype)$/

export const unpack = (packed: Uint8Array): Effect.Effect<Parts, string> =>
  Effect.async<Parts, string>((resume) => {
    let size = 0
    const paths: Array<string> = []
    const filter = ({ name, originalSize }: UnzipFileInfo) => {
      paths.push(path(name))
      if (!isRead.test(path(name))) return false
      size += originalSize
      return size <= limit
    }
    unzip(packed, { filter }, (error, parts) => {
      if (error !== null) resume(Effect.fail(error.message))
      else if (size > limit) resume(Effect.fail("it is larger than 1 GiB when it is unpacked"))
      else {
        const read = new Map(Object.entries(parts).map(([name, part]) => [path(name), part]))
        resume(Effect.succeed({ read, paths }))
      }
    })
  })

/** What an archive is that holds no workbook. */
export const kindOf = ({ paths, read }: Parts): string => {
  const has = (start: string) => paths.some((path) => path.startsWith(start))
  const mimetype = read.get("mimetype")
  if (mimetype !== undefined && new TextDecoder().decode(mimetype).includes("opendocument")) {
    return "this is an OpenDocument file (.ods): save the sheet as .xlsx or as CSV UTF-8"
  }
  if (has("xl/workbook.bin")) return "this is a binary workbook (.xlsb): save it as .xlsx or as CSV UTF-8"
  if (has("index/document.iwa") || has("index.zip")) {
    return "this is a document of Apple Numbers: export it as .xlsx or as CSV UTF-8"
  }
  if (has("word/") || has("ppt/")) return "this is a document and no list: save its codes as text, one a line"
  return "this is a ZIP archive: unpack it first, unzip -p FILE | rollcall run - …"
}
