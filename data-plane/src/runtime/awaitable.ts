/** A value now, or a promise of one: what need not wait does not pay for waiting. */
export type Awaitable<T> = T | Promise<T>
