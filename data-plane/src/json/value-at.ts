import { isObject } from './is-object.ts'

/**
 * The value that `path` leads to through members of objects; undefined where a member is missing. Inherited
 * properties do not count.
 */
export const valueAt = (root: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined), root)
