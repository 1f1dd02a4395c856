/** The session has ended: the person signs in again. */
export class SessionEnded extends Error {
  override readonly name = 'SessionEnded'
  constructor(options?: ErrorOptions) {
    super('The session has ended.', options)
  }
}

/**
 * The control plane gives no answer now, or none to this portal: whether the person is signed in is not known. `reason`
 * is for the log of the portal.
 */
export class GatewayAway extends Error {
  override readonly name = 'GatewayAway'
  readonly reason: string

  constructor(reason: string, options?: ErrorOptions) {
    super('The gateway does not answer.', options)
    this.reason = reason
  }
}

/**
 * Why a sign-in came to nothing.
 *
 * - stale: it was begun in another browser, too long ago, or its answer came twice. The person begins again.
 * - denied: the person, or the gateway, said no. `code` is the error of the gateway (RFC 6749, section 4.1.2.1).
 * - foreign: the answer is not of this gateway.
 * - away: the gateway does not answer.
 */
export type SignInFault = { kind: 'stale' | 'foreign' } | { kind: 'denied'; code: string } | { kind: 'away'; reason: string }
