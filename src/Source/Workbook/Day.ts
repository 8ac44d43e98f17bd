/**
 * Days and times of a workbook in ISO 8601, whatever order and names its formats give them.
 */

/** A format without texts, padding, and what stands for the time of day beside it. */
const bare = (section: string): string => section.replace(/"[^"]*"|\\.|_.|\*.|AM\/PM|A\/P/gis, "")

/** Whether a part of a format shows a day or a time. */
export const isDay = (section: string): boolean =>
  /\[[hms]+\]/i.test(section)
  || /[ymdhs]/i.test(bare(section).replace(/\[[^\]]*\]|general|standard/gi, ""))

/** How the days of a format are shown. */
export interface Day {
  /** A day is shown, and not a time alone. */
  readonly hasDay: boolean
  readonly hasTime: boolean
  /** Hours go on after 24. */
  readonly isSpan: boolean
  /** Digits and nothing else, `yyyymmdd`: it is a code by itself. */
  readonly digits: ReadonlyArray<string> | undefined
  /** The year, the month or the day of the month is missing, as in `d-mmm`. */
  readonly isPart: boolean
}

export const of = (section: string): Day => {
  const format = bare(section)
  const letters = format.replace(/\[[^\]]*\]/g, "")
  const parts = letters.match(/y+|m+|d+/gi) ?? []
  const isSpan = /\[[hms]+\]/i.test(format)
  // beside hours and seconds an m stands for minutes
  const day = letters.replace(/h+\W*m+|m+\W*s+/gi, "")
  const hasDay = /[yd]/i.test(day) || (/m/i.test(day) && !isSpan)
  return {
    hasDay,
    hasTime: isSpan || /[hs]/i.test(letters),
    isSpan,
    digits: parts.every((part) => /^(?:yyyy|yy|mm|dd)$/i.test(part)) &&
        parts.join("") === section.replace(/\[\$-[^\]]*\]/, "")
      ? parts
      : undefined,
    isPart: hasDay && !(/[yeg]/i.test(day) && /m/i.test(day) && /d/i.test(day))
  }
}

/** The day 9999-12-31, the last that a spreadsheet shows. */
const last = 2_958_465

/** The day or time of a number (days since 1899-12-30, or since 1904); nothing where a spreadsheet shows none. */
export const shown = (
  amount: number,
  { digits, hasDay, hasTime, isSpan }: Day,
  is1904: boolean
): string | undefined => {
  const seconds = Math.round(amount * 86_400)
  if (amount < 0 || amount > last + 1) return undefined
  const days = Math.floor(seconds / 86_400)
  if (!hasDay) return clock(isSpan ? seconds : seconds - days * 86_400)
  // 1900-01-00 and 1900-02-29 never were
  if (!is1904 && (days === 0 || days === 60)) return undefined
  const day = isoDay(days + (is1904 ? 1462 : days < 60 ? 1 : 0))
  if (digits !== undefined) {
    const [year, month, date] = day.split("-") as [string, string, string]
    return digits.map((part) => {
      const letter = part[0]!.toLowerCase()
      return letter === "m" ? month : letter === "d" ? date : year.slice(-part.length)
    }).join("")
  }
  const time = seconds - days * 86_400
  return hasTime && time > 0 ? `${day}T${clock(time)}` : day
}

const clock = (seconds: number): string =>
  [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0")).join(":")

/** The day so many days after 1899-12-30. By H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. */
const isoDay = (days: number): string => {
  const shifted = days + 719_468 - 25_569
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * month + 2) / 5) + 1
  const monthOfYear = month < 10 ? month + 3 : month - 9
  const year = yearOfEra + era * 400 + (monthOfYear <= 2 ? 1 : 0)
  return `${String(year).padStart(4, "0")}-${String(monthOfYear).padStart(2, "0")}-${String(day).padStart(2, "0")}`
}
