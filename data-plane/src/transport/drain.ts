import type { Server } from 'node:http'

const sweepMs = 50
/** How long requests that are cut have for their refusal to be recorded and to reach the client. */
const farewellMs = 1_000

/** What is under way at the servers. */
export interface UnderWay {
  /** Ends what can be ended; each ends with its own answer. Returns how many requests are still without one. */
  cut(): number
  /** Answers the requests that are left. */
  refuseRest(): void
}

/**
 * Takes no more connections, and resolves once nothing is under way. What still is after `withinMs` gets a refusal,
 * and then its connection is closed. A server that never listened is drained at once.
 */
export async function drain(servers: readonly Server[], withinMs: number, underWay: UnderWay): Promise<void> {
  const closeIdle = () => servers.forEach((server) => server.closeIdleConnections())
  const sweep = setInterval(closeIdle, sweepMs)
  let stopCutting: (() => void) | undefined
  const late = setTimeout(() => (stopCutting = cutOff(servers, underWay)), withinMs)
  const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
  closeIdle()
  await Promise.all(closed)
  clearInterval(sweep)
  clearTimeout(late)
  stopCutting?.()
}

/** Cuts again and again: a batch that was cut goes on to its next message. */
function cutOff(servers: readonly Server[], underWay: UnderWay): () => void {
  const closeAll = () => servers.forEach((server) => server.closeAllConnections())
  if (underWay.cut() === 0) closeAll()
  const again = setInterval(() => underWay.cut() === 0 && closeAll(), sweepMs)
  const end = setTimeout(() => {
    underWay.refuseRest()
    setImmediate(closeAll) // the refusals are on their way by then
  }, farewellMs)
  return () => {
    clearInterval(again)
    clearTimeout(end)
  }
}
