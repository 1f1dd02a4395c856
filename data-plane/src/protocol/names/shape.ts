import type { Fields } from '../../json/edit.ts'
import { isObject } from '../../json/is-object.ts'
import { foldedName, nameLike } from './fold.ts'

/** What a member of the protocol holds: nothing of the protocol's, an object with such names, or many such objects. */
export type Inner = 'free' | Shape | { readonly each: Shape }

/** A member that some readers take for one of the protocol's, and the name that they take it for. */
export interface LookAlike {
  /** Where the member is, such as `params._meta.PROGRESSTOKEN`. */
  readonly path: string
  readonly meant: string
}

/**
 * The names that the protocol has in one object. Other names are free, unless a reader that ignores case could take
 * them for one of these.
 */
export class Shape {
  private readonly inner: ReadonlyMap<string, Inner>
  private readonly byFold: ReadonlyMap<string, string>
  private readonly prefix: string | undefined

  /** All names that begin with `prefix` are the protocol's too. */
  constructor(members: Readonly<Record<string, Inner>>, prefix?: string) {
    this.inner = new Map(Object.entries(members))
    this.byFold = new Map(Object.keys(members).map((name) => [foldedName(name), name]))
    this.prefix = prefix
  }

  /** The first look-alike in the object, or where the protocol has names further in. It costs one lookup a member. */
  lookAlikeIn(object: Fields, path: string): LookAlike | undefined {
    for (const key in object) {
      const inner = this.inner.get(key)
      if (inner === 'free') continue
      const found = inner === undefined ? this.unknownMember(key, path) : lookAlikeWithin(inner, object[key], `${path}${key}`)
      if (found) return found
    }
    return undefined
  }

  private unknownMember(key: string, path: string): LookAlike | undefined {
    const meant = nameLike(this.byFold, key)
    if (meant !== undefined) return { path: path + visible(key), meant }
    if (this.prefix === undefined || key.startsWith(this.prefix) || !foldedName(key).startsWith(this.prefix)) return undefined
    return { path: path + visible(key), meant: `${this.prefix}…` }
  }
}

function lookAlikeWithin(inner: Exclude<Inner, 'free'>, value: unknown, path: string): LookAlike | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (inner instanceof Shape) return isObject(value) ? inner.lookAlikeIn(value, `${path}.`) : undefined
  for (const [key, item] of Object.entries(value)) {
    const found = isObject(item) ? inner.each.lookAlikeIn(item, `${path}.${visible(key)}.`) : undefined
    if (found) return found
  }
  return undefined
}

const maxShownChars = 60

/** Letters beyond ASCII are written as JSON escapes: `K` (the Kelvin sign) looks like `K`. */
const visible = (key: string): string =>
  key.slice(0, maxShownChars).replaceAll(/[^\x21-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
