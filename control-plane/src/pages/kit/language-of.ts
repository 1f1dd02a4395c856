import type { IncomingMessage } from 'node:http'
import { spokenOf, wantedTags } from '@bir/sdk/texts/language'
import type { Language } from '@bir/sdk/texts/language'

/** Remembers what a person chose at the language switch. It says nothing else about them. */
export const LANGUAGE_COOKIE = 'bir-language'

/**
 * The language for a person: what they chose on a page of ours, then what the client asks for (`ui_locales`, OpenID
 * Connect Core §3.1.2.1), then what the browser wants, then English.
 */
export function languageOf({ headers, url = '' }: IncomingMessage): Language {
  const chosen = new RegExp(`(?:^|;\\s*)${LANGUAGE_COOKIE}=([a-z]{2})(?:;|$)`).exec(headers.cookie ?? '')?.[1] ?? ''
  const asked = new URLSearchParams(url.split('?', 2)[1]).get('ui_locales')?.split(' ', 32) ?? []
  return spokenOf([chosen, ...asked, ...wantedTags(headers['accept-language'] ?? '')]) ?? 'en'
}
