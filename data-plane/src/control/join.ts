import { join as joinPath } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../runtime/log.ts'
import { ControlError, postJoin } from './client.ts'
import { acceptJoin, fingerprintOf, joinRequest, newKeys, readIdentity, writeIdentity } from './identity.ts'
import type { Identity } from './identity.ts'

const againMs = 500

interface Options {
  homeDir: string
  birJoin: string | undefined
  planeName: string
}

/** The plane's identity: from disk, or by joining the control plane once, waiting for it as long as it takes. Throws when it may not join. */
export async function identityOf({ homeDir, birJoin, planeName }: Options, log: Log): Promise<Identity> {
  const path = joinPath(homeDir, 'identity.json')
  const known = readIdentity(path)
  if (known) return moved(known, birJoin)
  if (birJoin === undefined)
    throw new Error('this plane has no identity yet: set BIR_JOIN (the control plane prints it) so that it can join')

  const [controlUrl = '', rest = ''] = birJoin.split('#')
  const [secret = '', fingerprint = ''] = rest.split('.')
  const keys = newKeys()
  const identity = acceptJoin(await joined(controlUrl, await joinRequest(secret, planeName, keys), log), controlUrl, fingerprint, keys)
  writeIdentity(path, identity)
  log('info', 'joined', { plane: identity.id })
  return identity
}

/** The control plane may have another address by now: a join line that names the key this plane knows says where it went. */
function moved(known: Identity, birJoin: string | undefined): Identity {
  const [controlUrl, rest] = birJoin?.split('#') ?? []
  if (!controlUrl || controlUrl === known.controlUrl || rest?.split('.')[1] !== fingerprintOf(known.manifestKey)) return known
  return { ...known, controlUrl, issuer: known.issuer === known.controlUrl ? controlUrl : known.issuer }
}

async function joined(controlUrl: string, request: object, log: Log): Promise<unknown> {
  for (let tries = 0; ; tries++) {
    try {
      return await postJoin(controlUrl, request)
    } catch (error) {
      // A refusal is final; silence is not.
      if (error instanceof ControlError && error.status !== undefined && error.status < 500) throw error
      if (tries === 0) log('info', 'waiting for the control plane to join it', { controlUrl })
    }
    await wait(againMs)
  }
}
