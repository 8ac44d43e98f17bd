/**
 * What a run of ours has written is a list too: what only an outcome says is known by its names.
 */

/** What ends the header of a table that a run has written. */
export const results: ReadonlySet<string> = new Set(["outcome", "http_status", "error"])

/** Whether these are the columns of such a table. */
export const isOwn = (names: ReadonlyArray<string>): boolean =>
  names.length > 3 && names.slice(-3).join() === [...results].join()
