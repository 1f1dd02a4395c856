import { randomBytes } from 'node:crypto'
import { hashOf } from '../base/secrets/secret.ts'
import type { IncomingMessage } from 'node:http'
import { readCookie, setCookie } from './cookies.ts'

export interface BrowserCookie {
  /** 32 random bytes in base64url. Nothing stores them: a database that leaks continues nobody's sign-in. */
  secret: string
  /** SHA-256 of the secret, in hex: `sign_ins.browser_hash`. */
  hash: string
  /** Headers of the answer that give the browser its cookie. Empty when it has one. */
  cookies: string[]
}

/** What tells this browser from others. A browser without the cookie gets one with the answer. */
export function browserCookie(issuer: string, request: IncomingMessage): BrowserCookie {
  const known = readCookie(issuer, request, 'browser')
  if (known !== undefined && /^[\w-]{43}$/.test(known)) return { secret: known, hash: hashOf(known), cookies: [] }
  const secret = randomBytes(32).toString('base64url')
  return { secret, hash: hashOf(secret), cookies: [setCookie(issuer, 'browser', secret)] }
}
