/**
 * JSON: one array of the records that NDJSON has on a line each, here on a line each too.
 */
import type { Format } from "./Format.ts"
import * as Ndjson from "./Ndjson.ts"

export const format: Format = {
  name: "json",
  endings: ["json"],
  encoder: (layout) => {
    const records = Ndjson.format.encoder(layout)
    if ("clash" in records) return records
    return {
      header: "[\n",
      separator: ",\n",
      footer: "\n]\n",
      encode: (row) => {
        const text = records.encode(row)
        return typeof text === "string" ? text.slice(0, -1) : text
      }
    }
  }
}
