/**
 * A value or a promise of it. A function that has the value at once returns it directly, which is cheaper than a
 * promise.
 */
export type Awaitable<T> = T | Promise<T>

/** Lets work go on that nobody waits for. Its failure is nobody's either: whoever would be told has left. */
export function unawaited(work: Awaitable<unknown>): void {
  if (work instanceof Promise) work.catch(() => undefined)
}
