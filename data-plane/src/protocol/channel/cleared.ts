/** A mark that a spread does not copy: whoever adds to cleared words must say so with `madeOf`. */
declare class ClearedMark {
  private readonly mark: true
}

/**
 * Words that may leave for a client. The outgoing filters make them from a server's words that passed all filters;
 * `ownWords` makes them from the gateway's own words; `madeOf`, `clearedMember` and `withOwnMembers` make them from
 * cleared words alone. Whatever sends to a client accepts nothing else, so a path that forgets the filters does not
 * compile.
 */
export type Cleared<T> = T & ClearedMark

/** Marks words that the gateway wrote itself. They must hold nothing that a server said. */
export const ownWords = <T>(words: T): Cleared<T> => words as Cleared<T>

/**
 * Marks words that are made only out of cleared parts (renamed, merged, put together) and of words of the gateway's
 * own.
 */
export const madeOf = <T>(_parts: readonly Cleared<unknown>[], words: T): Cleared<T> => words as Cleared<T>

/** A member of cleared words. */
export const clearedMember = <T extends object, K extends keyof T>(words: Cleared<T>, key: K): Cleared<T[K]> => words[key] as Cleared<T[K]>

/** Cleared words with members of the gateway's own beside them; a member of the gateway's own goes before. */
export const withOwnMembers = <T extends object, Own extends object>(words: Cleared<T>, own: Own): Cleared<T & Own> =>
  Object.assign({}, words, own)
