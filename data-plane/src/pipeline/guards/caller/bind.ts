import { isOfOtherPrefix, networkHash, productHash, productOf } from '@bir/sdk/binding'
import type { Settings } from '@bir/sdk/contract/settings'
import { networkOf } from '@bir/sdk/network'
import { LRUCache } from 'lru-cache'
import { unauthenticated } from '../../../policy/tokens/unauthenticated.ts'
import type { Token } from '../../../policy/tokens/token.ts'
import type { Guard } from '../../call/pipeline.ts'
import type { Ports } from '../../call/ports.ts'
import type { Authenticated, Incoming } from '../../call/types.ts'

type Call = Incoming & Authenticated
type Mismatch = 'binding-network' | 'binding-user-agent'

/** What a token was last used with, and found to fit. */
interface Fit {
  readonly ip: string
  readonly userAgent: string | undefined
  readonly settings: Settings
}

/** Whether a token that was refused is of an earlier setting, as it was last asked. */
interface Answer {
  readonly ip: string
  readonly isOfEarlierSetting: boolean
}

const maxSessions = 50_000

/**
 * Is the token used by whom it was issued to? Below this guard, a call comes from the network and the program that its
 * token is bound to, as far as the settings ask for that. A personal token is good from its own networks whatever the
 * settings say. A token without the claim is bound to nobody.
 */
export function bind({ misused }: Pick<Ports, 'misused'>): Guard<Call> {
  /** Of each token: most calls come from where the one before came from. */
  const fits = new WeakMap<Token, Fit>()
  /** Of each token that was refused: whoever sends it again and again costs no more than the first time. */
  const answers = new WeakMap<Token, Answer>()
  /** By session: the product of the first call here, where the token names none. */
  const firstProducts = new LRUCache<string, string>({ max: maxSessions })

  return function bind(call, next) {
    const { token, ip, userAgent, policy } = call
    if (!token.personal?.isInside && !token.binding) return next({})
    const { settings } = policy
    const fit = fits.get(token)
    if (fit?.ip === ip && fit.userAgent === userAgent && fit.settings === settings) return next({})
    const mismatch = mismatchOf(call, settings, firstProducts)
    if (mismatch === undefined) {
      fits.set(token, { ip, userAgent, settings })
      return next({})
    }
    const isNewSetting = mismatch === 'binding-network' && isOfEarlierSetting(call, answers)
    if (settings.bindingRevokes === 'on' && token.sessionId !== undefined && !isNewSetting) misused(token.sessionId, mismatch)
    const detail = isNewSetting ? newSettingText(call) : detailOf(call, settings, mismatch)
    throw unauthenticated(mismatch, { personal: token.personal, detail })
  }
}

function mismatchOf({ token, ip, userAgent }: Call, settings: Settings, firstProducts: LRUCache<string, string>): Mismatch | undefined {
  const { personal, binding, sessionId = '' } = token
  if (personal?.isInside) return personal.isInside(ip) ? undefined : 'binding-network'
  const mode = settings.binding
  if (!binding || mode === 'off') return undefined
  if (mode !== 'user-agent' && networkHash(sessionId, ip, settings.bindingNetwork) !== binding.ip) return 'binding-network'
  if (mode === 'ip') return undefined
  if (binding.ua !== null) return productHash(sessionId, userAgent) === binding.ua ? undefined : 'binding-user-agent'
  const product = productOf(userAgent)
  const first = firstProducts.get(sessionId)
  if (first === undefined) firstProducts.set(sessionId, product)
  return first === undefined || first === product ? undefined : 'binding-user-agent'
}

/** The token would fit with the network prefixes that were in force when it was issued. Its client gets another. */
function isOfEarlierSetting({ token, ip }: Call, answers: WeakMap<Token, Answer>): boolean {
  const { binding, sessionId = '' } = token
  if (!binding) return false
  const known = answers.get(token)
  if (known?.ip === ip) return known.isOfEarlierSetting
  const answer = { ip, isOfEarlierSetting: isOfOtherPrefix(sessionId, ip, binding) }
  answers.set(token, answer)
  return answer.isOfEarlierSetting
}

const newSettingText = ({ token }: Call): string =>
  `the setting bindingNetwork has changed since the token was issued, in the network that the call came from; its client needs a new token (session ${token.sessionId})`

/** What an administrator needs to tell a theft from a journey. The record has the address and the user agent. */
function detailOf({ token, ip, userAgent }: Call, settings: Settings, mismatch: Mismatch): string {
  const [sent, what] =
    mismatch === 'binding-network'
      ? [`from the network ${networkOf(ip, settings.bindingNetwork) ?? ip}`, 'network']
      : [`by the product "${productOf(userAgent)}"`, 'product']
  const holder = token.personal ? 'the personal token is not for it' : `the token was issued to another ${what}`
  return `the call was sent ${sent}; ${holder}${token.sessionId === undefined ? '' : ` (session ${token.sessionId})`}`
}
