/** Trust: whose certificates count, and who asks. */
export interface Trust {
  /** Certificates in PEM that are trusted besides the well-known ones. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /** The certificate in PEM, with those that lead to its authority, by which the server knows who asks. */
  readonly cert?: string | undefined
  /** Its private key in PEM. */
  readonly key?: string | undefined
  /** Checks no certificate. */
  readonly insecure?: boolean | undefined
}
