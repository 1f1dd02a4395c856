import type { Policy } from '@bir/sdk/contract/policy'
import { revocationOf } from './tokens/token.ts'
import type { Token } from './tokens/token.ts'

/** Of so many sign-ins it is known; those that were first seen longest ago are forgotten first. */
const maxSignIns = 10_000

/** By which tokens people used secrets: what is held for a person goes when one of them is revoked. */
export class SecretUsers {
  /** The newest token of each sign-in. */
  private readonly tokens = new Map<string, Token>()

  /** A call with this token is about to be made with a secret. */
  note(token: Token): void {
    const signIn = token.sessionId ?? token.tokenId
    if (this.tokens.get(signIn) === token) return
    this.tokens.set(signIn, token)
    if (this.tokens.size <= maxSignIns) return
    const [first = signIn] = this.tokens.keys()
    this.tokens.delete(first)
  }

  /** The people of tokens that this policy takes no more. Each token is named once. */
  takeRevoked(policy: Policy): ReadonlySet<string> {
    const revoked = new Set<string>()
    for (const [signIn, token] of this.tokens) {
      if (revocationOf(policy, token) === undefined) continue
      revoked.add(token.subject.id)
      this.tokens.delete(signIn)
    }
    return revoked
  }
}
