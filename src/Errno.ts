/**
 * What a system says of a file, in words: the one table of its codes.
 */

const again = "run the same command again, what is answered is kept"
const room = `make room and ${again}`

/** What is wrong, and what to do, as it stands behind the name of a file. */
const words: Readonly<Record<string, string>> = {
  EBADF: "it is closed",
  EBUSY: "another program is using it: wait for its end",
  EDQUOT: `your share of the disk is used up: ${room}`,
  EEXIST: "there is a file of this name",
  EFBIG: `it would be larger than files may be here (ulimit -f): ${again}`,
  EINVAL: "this cannot be done with a file of its kind",
  EIO: `the disk failed: look after it and ${again}`,
  EISDIR: "it is a folder: name a file in it",
  ELOOP: "it is a link: name the file itself",
  EMFILE: `too many files are open (ulimit -n): ${again}`,
  ENAMETOOLONG: "its name is too long for this disk: name a shorter one",
  ENFILE: `too many files are open on this machine: ${again}`,
  ENODEV: "there is no such device",
  ENOSPC: `the disk is full: ${room}`,
  ENOTDIR: "a part of its path is a file, not a folder",
  ENXIO: "there is no such device",
  EROFS: "the disk is read-only",
  ERR_FS_FILE_TOO_LARGE: "it is too large",
  ERR_INVALID_ARG_VALUE: "its name holds a sign that no name may have"
}

/** What codes mean where a file is read. */
const reading: Readonly<Record<string, string>> = {
  ...words,
  EACCES: "you may not read it: chmod u+r, or ask its owner",
  EIO: "it cannot be read: the disk failed",
  ELOOP: "it is a link that leads to itself",
  ENOENT: "there is no such file",
  EPERM: "you may not read it: ask its owner"
}

/** The same where a file or a folder is made, or written. */
export const writing: Readonly<Record<string, string>> = {
  ...words,
  EACCES: "you may not write in its folder",
  ENOENT: "there is no such folder",
  EPERM: "you may not write in its folder"
}

/** Why a file cannot be read. */
export const ofReading = (error: unknown): string => reading[codeOf(error) ?? ""] ?? `it cannot be read: ${line(error)}`

/** Why a file or a folder cannot be made, or written. */
export const ofWriting = (error: unknown): string => writing[codeOf(error) ?? ""] ?? line(error)

/** The code that Node gave an error, of errors within errors the innermost. */
export const codeOf = (error: unknown): string | undefined => {
  const { code, errno } = innermost(error)
  // Node has no name for this error of Linux
  return errno === -122 ? "EDQUOT" : code ?? codes[(error as { readonly reason?: string }).reason ?? ""]
}

/** Of platforms that are not Node. */
const codes: Readonly<Record<string, string>> = {
  AlreadyExists: "EEXIST",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES"
}

/** The error at which it began. */
export const innermost = (error: unknown): Error & { readonly code?: string; readonly errno?: number } => {
  let found = error instanceof Error
    ? error
    : new Error((error as { readonly message?: string } | null | undefined)?.message ?? String(error))
  while (found.cause instanceof Error) found = found.cause
  return found
}

/** Its own words, in one line. */
export const line = (error: unknown): string => innermost(error).message.split("\n", 1)[0]!
