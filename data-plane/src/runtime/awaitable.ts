/**
 * A value or a promise of it. A function that has the value at once returns it directly, which is cheaper than a
 * promise.
 */
export type Awaitable<T> = T | Promise<T>
