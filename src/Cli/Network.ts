/**
 * How the API is reached: the flags that `run` and `plan` have for it, and the transport that they stand for.
 */
import type { FileSystem } from "@effect/platform"
import { Effect, Option } from "effect"
import { LookupError } from "../Outcome.ts"
import type * as Transport from "../Transport.ts"
import type * as Proxy from "../Transport/Proxy.ts"
import { UsageError } from "./Argv.ts"
import type { Values } from "./Command.ts"
import * as Flag from "./Flag.ts"
import * as Talk from "./Talk.ts"
import * as Text from "./Text.ts"

const network = "Network"

export const flags = {
  ca: Flag.of("ca", {
    group: network,
    value: "FILE",
    help: "certificates to trust besides the well-known ones, in PEM"
  }),
  insecure: Flag.of("insecure", { group: network, help: "check no certificate: anybody may listen or answer" }),
  cert: Flag.of("cert", {
    group: network,
    value: "FILE",
    help: "a client certificate in PEM, for a server that wants one"
  }),
  key: Flag.of("key", { group: network, value: "FILE", help: "its private key in PEM" }),
  lenient: Flag.of("lenient", { group: network, help: "read answers that break the rules of HTTP/1.1" }),
  http2: Flag.of("http2", { group: network, help: "speak HTTP/2 with a server that does" }),
  userAgent: Flag.of("user-agent", {
    group: network,
    value: "TEXT",
    help: "who asks, where no header says it (rollcall/VERSION)"
  }),
  maxBody: Flag.of("max-body", {
    group: network,
    value: "SIZE",
    help: "the longest answer that is taken, unpacked (8MiB)"
  })
}

/** The options of the transport that the flags describe. Proxies are those of the environment. */
export const options = (
  values: Values<typeof flags>
): Effect.Effect<Transport.Options, UsageError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    if (values.insecure) {
      yield* Talk.say("warning: --insecure: certificates are not checked, anybody on the way may listen or answer")
    }
    if ([...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((text) => /(?:^|\s)--inspect/.test(text))) {
      yield* Talk.say("warning: --inspect: whoever attaches a debugger to this process can read the keys that it uses")
    }
    return {
      insecure: values.insecure,
      http2: values.http2,
      lenient: values.lenient,
      ...(yield* identity(values.cert, values.key)),
      ca: Option.isNone(values.ca) ? undefined : yield* certificates(values.ca.value),
      userAgent: Option.getOrUndefined(values.userAgent),
      maxBody: Option.getOrUndefined(values.maxBody)
    }
  })

/** Refuses a proxy that is not named well, where the URL is asked through it: nothing would be reached. */
export const checkProxy = (url: string, environment: Proxy.Environment): Effect.Effect<void, UsageError> =>
  Effect.gen(function*() {
    const [, scheme, host = "", port = ""] =
      /^(https?):\/\/(?:[^@/?#]*@)?(\[[^\]/?#]*\]|[^:/?#{}$]+)(?::(\d+))?(?=[/?#]|$)/i.exec(url) ?? []
    if (scheme === undefined) return
    const { find, fromEnvironment } = yield* Effect.promise(() => import("../Transport/Proxy.ts"))
    const proxies = fromEnvironment(environment)
    const proxy = proxies && find(proxies, `${scheme.toLowerCase()}:`, host.toLowerCase(), port)
    if (proxy instanceof LookupError) return yield* usage(proxy.message)
  })

/** Who asks: a certificate, and the key to it, which may stand in one file. */
const identity = (cert: Option.Option<string>, key: Option.Option<string>) =>
  Effect.gen(function*() {
    if (Option.isNone(cert)) {
      return Option.isNone(key) ? {} : yield* usage("--key is the key of a certificate: name that by --cert FILE")
    }
    const read = (flag: string, path: string) => Text.read(`${flag} ${path}`, path, "; it is to be a file in PEM")
    const made = {
      cert: yield* read("--cert", cert.value),
      key: yield* Option.match(key, {
        onNone: () => read("--cert", cert.value),
        onSome: (path) => read("--key", path)
      })
    }
    const { createSecureContext } = yield* Effect.promise(() => import("node:tls"))
    yield* Effect.try({
      try: () => createSecureContext(made),
      catch: (cause) => {
        const { code, message } = cause as { readonly code?: string; readonly message: string }
        return usage(
          code === "ERR_OSSL_BAD_DECRYPT" || /passphrase|interrupted or cancelled|bad decrypt/i.test(message)
            ? "the private key has a password: openssl pkey -in KEY -out key.pem takes it off"
            : code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH"
            ? "--cert and --key do not belong together"
            : `--cert and --key are no certificate and its private key in PEM (${code ?? message})`
        )
      }
    })
    return made
  })

const certificates = (path: string): Effect.Effect<ReadonlyArray<string>, UsageError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const text = yield* Text.read(`--ca ${path}`, path, "; it is to be a file with certificates in PEM")
    const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    if (found.length === 0) {
      return yield* usage(
        `--ca ${path} holds no certificate in PEM; of one in DER, this makes one: openssl x509 -inform der -in ${path} -out ca.pem`
      )
    }
    const { X509Certificate } = yield* Effect.promise(() => import("node:crypto"))
    for (const [index, certificate] of found.entries()) {
      yield* Effect.try({
        try: () => new X509Certificate(certificate),
        catch: () => usage(`--ca ${path}: certificate ${index + 1} of ${found.length} is damaged: get the file again`)
      })
    }
    return found
  })

const usage = (message: string) => new UsageError({ message })
