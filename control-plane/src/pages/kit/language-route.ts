import { LANGUAGES } from '@bir/sdk/texts/language'
import { Refusal } from '../../base/http.ts'
import type { Route } from '../../base/http.ts'
import { LANGUAGE_COOKIE } from './language-of.ts'
import { LANGUAGE_PATH } from './page.ts'

const yearS = 365 * 24 * 3600

/**
 * Where the language switch of the pages sends its choice. It is kept in a cookie, and the browser goes back to the
 * page where it was, if that is a page of ours: `Referer` says so, which the pages' `referrer-policy` keeps for us.
 */
export function languageRoute(origin: string): Route {
  const isSecure = origin.startsWith('https:')
  return {
    method: 'POST',
    path: LANGUAGE_PATH,
    answer: async ({ request, body }) => {
      const chosen = new URLSearchParams((await body(1024)).toString()).get('language')
      const language = LANGUAGES.find((language) => language === chosen)
      if (!language) throw new Refusal(400, 'invalid_request', `The language is one of ${LANGUAGES.join(', ')}.`)
      const cookie = `${LANGUAGE_COOKIE}=${language}; Path=/; Max-Age=${yearS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
      return {
        status: 303,
        headers: { location: pageBefore(request.headers.referer, origin), 'set-cookie': cookie, 'cache-control': 'no-store' },
      }
    },
  }
}

function pageBefore(referer: string | undefined, origin: string): string {
  const url = referer === undefined ? undefined : URL.parse(referer)
  return url?.origin === new URL(origin).origin ? url.href : '/'
}
