/**
 * Which codes are asked about.
 */
import { Schema } from "effect"
import * as Encoding from "../Source/Encoding.ts"
import * as Key from "./Key.ts"
import * as ListFormat from "./ListFormat.ts"

/** `zip=ZIP Code`. */
const Alias = Schema.String.pipe(Schema.filter((text) => /^\w+=./.test(text) || "write it as name='COLUMN'"))

/** One sign. */
const Delimiter = Schema.transform(
  Schema.String.pipe(
    Schema.filter((text) => /^(?:tab|\\t|[^"\r\n\p{L}\p{N}])$/u.test(text) || "write one sign, such as ';', or tab")
  ),
  Schema.String,
  { strict: true, decode: (text) => /^(?:tab|\\t)$/.test(text) ? "\t" : text, encode: (sign) => sign }
)

/** A name of an encoding, by any of those that the WHATWG knows. */
const EncodingName = Schema.transform(
  Schema.String.pipe(
    Schema.filter((text) =>
      Encoding.named(text) !== undefined || "write a name such as windows-1252, utf-16le, shift_jis"
    )
  ),
  Schema.String,
  { strict: true, decode: (text) => Encoding.named(text)!, encode: (name) => name }
)

/** `a,b`. */
const Names = Schema.transform(Schema.String, Schema.Array(Schema.String), {
  strict: true,
  decode: (text) => text.split(",").map((name) => name.trim()).filter((name) => name !== ""),
  encode: (names) => names.join(",")
})

export const keys = {
  file: Key.one(Key.text),
  "input-format": Key.one(Key.choice(ListFormat.names)),
  column: Key.one(Key.text),
  as: Key.several(Alias, "="),
  delimiter: Key.one(Delimiter),
  encoding: Key.one(EncodingName),
  sheet: Key.one(Key.text),
  "no-header": Key.toggle,
  carry: Key.one(Names),
  "allow-empty": Key.toggle,
  pattern: Key.one(Key.text),
  pad: Key.one(Key.whole(1, 64))
}
