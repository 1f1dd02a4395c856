/** A longer text is processed in several turns of the event loop, so that other calls need not wait for all of it. */
export const LONG_CHARS = 256 * 1024

export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
