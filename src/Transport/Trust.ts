/** Trust: whose certificates count. */
export interface Trust {
  /** Certificates in PEM that are trusted besides the well-known ones. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /** Checks no certificate. */
  readonly insecure?: boolean | undefined
}
