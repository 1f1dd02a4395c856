import { ScriptedBrowser } from '../../testing/browser/scripted-browser.ts'
import { dance } from '../../testing/browser/sign-in.ts'
import type { FlowClient, TokenAnswer } from '../../testing/oauth/flow-client.ts'

const maxTries = 5

/** The browser of a person who is signed in at the provider. At the gateway each flow begins anew. */
export interface SignedIn {
  browser: ScriptedBrowser
  person: { handle: string; password: string }
}

export async function signedIn(client: FlowClient, person: SignedIn['person']): Promise<SignedIn> {
  const browser = new ScriptedBrowser({ stopsAt: (url) => url.href.startsWith(client.redirectUri) })
  await dance(browser, client.begin().url, person)
  return { browser, person }
}

/** The whole way to a code: to the provider and back, a new session at the gateway, consent. */
export async function codeOf(client: FlowClient, { browser, person }: SignedIn) {
  for (let tried = 1; ; tried += 1) {
    browser.cookies.forget((name) => /^(__Host-)?bir-/.test(name))
    const begun = client.begin()
    const end = await dance(browser, begun.url, person)
    // A replica that was killed midway: the person tries again.
    if (end.status === 502 && tried < maxTries) continue
    if (end.status >= 400) throw new Error(`${end.url.pathname}: ${end.status} ${end.text}`)
    return { code: client.codeOf(end.url, begun), begun }
  }
}

/** As a client that gets no answer: it asks again, with the same token. */
export async function persistently(ask: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
  for (let tried = 1; ; tried += 1) {
    const answer = await ask()
    // Only the load balancer's: what a replica answers counts.
    if (answer.status !== 502 || tried === maxTries) return answer
  }
}
