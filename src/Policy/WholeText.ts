/**
 * A whole number as people write it: `44175`, `44,175` as every screen prints it, or `1e6`.
 */

/** The number, or NaN. */
export const parse = (text: string): number => {
  if (!/^(\d+|\d{1,3}([,_]\d{3})+|\d(\.\d+)?e\d{1,2})$/i.test(text)) return Number.NaN
  const value = Number(text.replace(/[,_]/g, ""))
  return Number.isInteger(value) ? value : Number.NaN
}
