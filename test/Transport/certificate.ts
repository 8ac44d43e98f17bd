/**
 * Certificates made on the spot: no key lies in the repository, and none outlives a test.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"

/** A key and its certificate, both in PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

/** An authority that signs for names. */
export interface Authority extends Identity {
  readonly sign: (names: ReadonlyArray<string>, validity?: Validity) => Identity
}

/** Days from now on; negative ones have passed. */
export type Validity = readonly [from: number, to: number]

const fresh: Validity = [-1, 1]

/** An authority of its own. */
export const authority = (name: string): Authority => {
  const { privateKey } = pair()
  const issued = (
    subject: string,
    key: KeyObject,
    extensions: ReadonlyArray<Buffer>,
    validity: Validity
  ): Identity => ({
    key: String(key.export({ type: "pkcs8", format: "pem" })),
    cert: certificate({ issuer: name, subject, key, signer: privateKey, extensions, validity })
  })
  return {
    ...issued(name, privateKey, [isAuthority], fresh),
    sign: (names, validity = fresh) => issued("leaf", pair().privateKey, [alternativeNames(names)], validity)
  }
}

/** A certificate that nobody has signed but itself. */
export const selfSigned = (names: ReadonlyArray<string>): Identity => {
  const { privateKey: key } = pair()
  const extensions = [alternativeNames(names)]
  return {
    key: String(key.export({ type: "pkcs8", format: "pem" })),
    cert: certificate({ issuer: "self", subject: "self", key, signer: key, extensions, validity: fresh })
  }
}

const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" })

const certificate = (parts: {
  readonly issuer: string
  readonly subject: string
  readonly key: KeyObject
  readonly signer: KeyObject
  readonly extensions: ReadonlyArray<Buffer>
  readonly validity: Validity
}): string => {
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    commonName(parts.issuer),
    sequence(...parts.validity.map((days) => der(0x18, Buffer.from(generalizedTime(days))))),
    commonName(parts.subject),
    createPublicKey(parts.key).export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...parts.extensions))
  )
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign("sha256", body, parts.signer)]))
  const text = sequence(body, ecdsaWithSha256, signature).toString("base64").match(/.{1,64}/g)!.join("\n")
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`
}

/** A tag, a length, and what they hold (X.690, 8.1). */
const der = (tag: number, content: Buffer): Buffer => {
  const { length } = content
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...header), content])
}

const sequence = (...parts: ReadonlyArray<Buffer>) => der(0x30, Buffer.concat(parts))
const identifier = (hex: string) => der(0x06, Buffer.from(hex, "hex"))

const ecdsaWithSha256 = sequence(identifier("2a8648ce3d040302"))

const commonName = (name: string) => sequence(der(0x31, sequence(identifier("550403"), der(0x0c, Buffer.from(name)))))

const extension = (id: string, value: Buffer) => sequence(identifier(id), der(0x04, value))

const isAuthority = extension("551d13", sequence(der(0x01, Buffer.of(0xff))))

const alternativeNames = (names: ReadonlyArray<string>) =>
  extension(
    "551d11",
    sequence(...names.map((name) =>
      /^[\d.]+$/.test(name) ? der(0x87, Buffer.from(name.split(".").map(Number))) : der(0x82, Buffer.from(name))
    ))
  )

const generalizedTime = (days: number) =>
  `${new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+|[-:T]/g, "")}`
