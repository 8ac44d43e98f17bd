/**
 * Calls that are made once only, because they change something: they are never sent on a connection that the server may be about to close.
 *
 * Such a connection takes the call without a word, and nobody can tell then whether it was carried out. So an origin proves itself first:
 * a connection that has carried a call is left idle, and only where the server has kept it that long are connections used again, and
 * never later than that. Until then, and once a server has closed one, each call has a connection of its own.
 */
import { Agent, type Dispatcher } from "undici/index.js"

/** For how long a connection is kept for the next call, in milliseconds; no server that keeps connections at all closes them sooner. */
const kept = 500

/** `awaited`: a connection is left idle; `closed`: the server has closed one. */
type Proof = "awaited" | "proven" | "closed"

/** Dispatches calls that are made once only. */
export class Once {
  private readonly proofs = new Map<string, Proof>()
  private readonly again: Agent
  private readonly fresh: Agent

  constructor(options: Agent.Options) {
    this.fresh = new Agent(options)
    this.again = new Agent({ ...options, keepAliveTimeout: kept, keepAliveMaxTimeout: kept })
    this.again.on("disconnect", ({ origin }, _, error) => this.learn(origin, error))
    this.again.on("connectionError", ({ origin }, _, error) => this.learn(origin, error))
  }

  dispatch(
    request: Dispatcher.DispatchOptions & { readonly origin: string },
    handler: Dispatcher.DispatchHandler
  ): boolean {
    const proof = this.proofs.get(request.origin)
    if (proof === "proven") return this.again.dispatch(request, handler)
    if (proof !== undefined) return this.fresh.dispatch({ ...request, reset: true }, handler)
    this.proofs.set(request.origin, "awaited")
    return this.again.dispatch(request, handler)
  }

  destroy(): Promise<unknown> {
    return Promise.all([this.again.destroy(), this.fresh.destroy()])
  }

  private learn(origin: string, { code, message }: Error & { readonly code?: string }): void {
    const proof = this.proofs.get(origin)
    if (proof === "closed") return
    if (closings.has(code ?? "")) this.proofs.set(origin, "closed")
    // undici has closed it, as it was idle for so long
    else if (message === "socket idle timeout") this.proofs.set(origin, "proven")
    else if (proof === "awaited") this.proofs.delete(origin)
  }
}

/** The server has closed the connection, or what stands between. */
const closings: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"])
