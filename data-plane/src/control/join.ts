import { join as joinPath } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { JOIN_LINE_REFUSED } from '@bir/sdk/contract/internal'
import type { Log } from '../runtime/log.ts'
import { ControlError, postJoin } from './client.ts'
import { removeExpelledMarker } from './expulsion.ts'
import { acceptJoin, fingerprintOf, joinRequest, newKeys, readIdentity, writeIdentity } from './identity.ts'
import type { Identity, Keys } from './identity.ts'

const retryMs = 500

/** How often the file with the join line is read again, and for how long, after its line was refused. */
const rereadMs = 200
const rereadWithinMs = 60_000

interface Options {
  homeDir: string
  birJoin: string | undefined
  /** Reads the line again from its file. Absent when it comes from no file. */
  rereadJoin?: (() => string | undefined) | undefined
  planeName: string
  /** Where other planes will reach this one. The control plane refuses a join with an address that cannot be one. */
  internalUrl?: string | undefined
}

/**
 * Resolves with the plane's identity: from disk, or by joining the control plane once. Waits until it answers.
 * Rejects when the control plane refuses the join. A line from a file is good for one plane: when another was
 * faster, the next line in the file is tried.
 */
export async function identityOf({ homeDir, birJoin, rereadJoin, planeName, internalUrl }: Options, log: Log): Promise<Identity> {
  const path = joinPath(homeDir, 'identity.json')
  const identityOnDisk = readIdentity(path)
  if (identityOnDisk) return withCurrentAddress(identityOnDisk, birJoin)
  if (birJoin === undefined)
    throw new Error('this plane has no identity yet: set BIR_JOIN (the control plane prints it) so that it can join')

  const keys = newKeys()
  let line = birJoin
  for (;;) {
    try {
      const identity = await joinWith(line, { name: planeName, internalUrl }, keys, log)
      writeIdentity(path, identity)
      removeExpelledMarker(homeDir)
      log('info', 'joined', { plane: identity.id })
      return identity
    } catch (error) {
      const isSpent = error instanceof ControlError && error.code === JOIN_LINE_REFUSED
      const nextLine = isSpent && rereadJoin ? await otherLine(line, rereadJoin) : undefined
      if (nextLine === undefined) throw error
      log('info', 'the join line was refused; the file holds another by now', {})
      line = nextLine
    }
  }
}

async function joinWith(line: string, plane: { name: string; internalUrl: string | undefined }, keys: Keys, log: Log): Promise<Identity> {
  const [controlUrl = '', rest = ''] = line.split('#')
  const [secret = '', fingerprint = ''] = rest.split('.')
  const answer = await postUntilAnswered(controlUrl, await joinRequest({ secret, ...plane }, keys), log)
  return acceptJoin(answer, controlUrl, fingerprint, keys)
}

/** Waits until the file holds another line than the refused one. Undefined when it stays the same. */
async function otherLine(refused: string, read: () => string | undefined): Promise<string | undefined> {
  for (let waitedMs = 0; waitedMs <= rereadWithinMs; waitedMs += rereadMs) {
    const line = read()
    if (line !== undefined && line !== refused) return line
    await wait(rereadMs)
  }
  return undefined
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
