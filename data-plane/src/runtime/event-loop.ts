/** From so many characters on a text is worked on in several turns of the event loop: others are not to wait for the whole of it. */
export const LONG_CHARS = 256 * 1024

export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
