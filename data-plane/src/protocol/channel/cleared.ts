declare const cleared: unique symbol

/**
 * Words that may leave for a client. Only two functions make one: the outgoing filters, from a server's words that
 * passed all of them, and `ownWords`, from words of the gateway's own. What sends to a client accepts nothing else, so
 * no path can miss a filter.
 */
export type Cleared<T> = T & { readonly [cleared]: true }

/** Marks words that the gateway wrote itself. They must hold nothing that a server said. */
export const ownWords = <T>(words: T): Cleared<T> => words as Cleared<T>
