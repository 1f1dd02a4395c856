import type { Gateway } from '../testing/boot-gateway.ts'
import { freePort } from '../local/base/free-port.ts'
import { ScriptedBrowser } from '../testing/browser/scripted-browser.ts'
import { dance } from '../testing/browser/sign-in.ts'
import { FlowClient } from '../testing/oauth/flow-client.ts'
import { testAuthorization } from './suite/suite.ts'
import type { SuiteResult } from './suite/suite.ts'

/** How the suite's client is known: the one that every gateway has, or one that has registered itself. */
export const knownAs = ['bir', 'registered'] as const
type KnownAs = (typeof knownAs)[number]

/** The suite against the authorization server of a product, where bob signs in and consents by a scripted browser. */
export async function authorizationOf(gateway: Gateway, known: KnownAs): Promise<SuiteResult> {
  const { issuer, mcp } = gateway.endpoints
  const port = await freePort('127.0.0.1')
  const clientId = known === 'bir' ? 'bir' : (await FlowClient.at(issuer, { redirectUri: `http://127.0.0.1:${port}/callback` })).id
  const bob = { handle: 'bob', password: gateway.password('bob') }
  return testAuthorization({ issuer, clientId, resource: mcp, port }, (url) => dance(new ScriptedBrowser(), url, bob))
}
