import { join as joinPath } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../runtime/log.ts'
import { ControlError, postJoin } from './client.ts'
import { acceptJoin, fingerprintOf, joinRequest, newKeys, readIdentity, writeIdentity } from './identity.ts'
import type { Identity } from './identity.ts'

const retryMs = 500

interface Options {
  homeDir: string
  birJoin: string | undefined
  planeName: string
}

/**
 * Resolves with the plane's identity: from disk, or by joining the control plane once. Waits until it answers.
 * Rejects when the control plane refuses the join.
 */
export async function identityOf({ homeDir, birJoin, planeName }: Options, log: Log): Promise<Identity> {
  const path = joinPath(homeDir, 'identity.json')
  const identityOnDisk = readIdentity(path)
  if (identityOnDisk) return withCurrentAddress(identityOnDisk, birJoin)
  if (birJoin === undefined)
    throw new Error('this plane has no identity yet: set BIR_JOIN (the control plane prints it) so that it can join')

  const [controlUrl = '', rest = ''] = birJoin.split('#')
  const [secret = '', fingerprint = ''] = rest.split('.')
  const keys = newKeys()
  const answer = await postUntilAnswered(controlUrl, await joinRequest(secret, planeName, keys), log)
  const identity = acceptJoin(answer, controlUrl, fingerprint, keys)
  writeIdentity(path, identity)
  log('info', 'joined', { plane: identity.id })
  return identity
}

/** The control plane may have moved. A join line with the fingerprint of its known key gives the new address. */
function withCurrentAddress(identity: Identity, birJoin: string | undefined): Identity {
  const [controlUrl, rest] = birJoin?.split('#') ?? []
  if (!controlUrl || controlUrl === identity.controlUrl) return identity
  if (rest?.split('.')[1] !== fingerprintOf(identity.manifestKey)) return identity
  return { ...identity, controlUrl, issuer: identity.issuer === identity.controlUrl ? controlUrl : identity.issuer }
}

async function postUntilAnswered(controlUrl: string, request: object, log: Log): Promise<unknown> {
  for (let tries = 0; ; tries++) {
    try {
      return await postJoin(controlUrl, request)
    } catch (error) {
      // A refusal is final. Without an answer, or after a server error, the request is repeated.
      if (error instanceof ControlError && error.status !== undefined && error.status < 500) throw error
      if (tries === 0) log('info', 'waiting for the control plane to join it', { controlUrl })
    }
    await wait(retryMs)
  }
}
