const maxChars = 1_000
/** Stands for whatever portal it is: only a path comes out. */
const base = 'http://portal.invalid'

/**
 * Where a person goes on after they signed in: a path of the portal, with its query. Whatever a browser could take for
 * an address of somebody else becomes `/`, and so do the paths of the sign-in itself.
 */
export function returnPath(wish: string | null | undefined): string {
  if (!wish || wish.length > maxChars || !wish.startsWith('/') || /[\\\p{Cc}]/u.test(wish)) return '/'
  const url = URL.parse(wish, base)
  if (url?.origin !== base || url.username !== '') return '/'
  // Read again as it is sent: dot segments may have left two slashes at the beginning.
  const path = url.pathname + url.search + url.hash
  if (path.startsWith('//') || URL.parse(path, base)?.origin !== base) return '/'
  return url.pathname === '/auth' || url.pathname.startsWith('/auth/') ? '/' : path
}
