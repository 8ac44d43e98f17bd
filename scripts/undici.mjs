// What stands for undici in the bundle: its index loads fetch, WebSocket, caches and mocks too, in as much time again.
import api from "../node_modules/undici/lib/api/index.js"
import buildConnector from "../node_modules/undici/lib/core/connect.js"
import Agent from "../node_modules/undici/lib/dispatcher/agent.js"
import Dispatcher from "../node_modules/undici/lib/dispatcher/dispatcher.js"

Object.assign(Dispatcher.prototype, api)

export { Agent, buildConnector, Dispatcher }
