/**
 * A pause after each test: vitest is to hear of this process now and then, also where tests compute one after the other.
 */
import { setImmediate } from "node:timers/promises"
import { afterEach } from "vitest"

afterEach(() => setImmediate())
