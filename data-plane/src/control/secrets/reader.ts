import type { JsonWebKey } from 'node:crypto'
import { SealedSecret, SecretReadAnswer } from '@bir/sdk/contract/secret-messages'
import type { SecretReadRequest } from '@bir/sdk/contract/secret-messages'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'
import { openSealed } from '@bir/sdk/seal-box'
import { StoreUnavailable, unreadable } from '../../secrets/reader.ts'
import type { SecretReader } from '../../secrets/reader.ts'
import { ControlError } from '../client.ts'
import type { ControlClient } from '../client.ts'

const timeoutMs = 5_000

interface Options {
  control: Pick<ControlClient, 'post'>
  /** The private key to which the control plane seals (X25519). */
  sealingKey: JsonWebKey
}

/** Reads secrets through the control plane, for a plane that reads no store of its own. */
export function readThroughControlPlane({ control, sealingKey }: Options): SecretReader {
  return {
    async read(place, version) {
      const asked: SecretReadRequest = { server: place.server, holder: place.holder, version }
      const bytes = await ask(control, asked)
      return bytes && open(sealingKey, bytes, place, version)
    },
    close: async () => undefined,
  }
}

/** Undefined: the control plane knows no such secret in this version. */
async function ask(control: Options['control'], asked: SecretReadRequest): Promise<Buffer | undefined> {
  try {
    return (await control.post('/secrets/read', JSON.stringify(asked), undefined, AbortSignal.timeout(timeoutMs))).bytes
  } catch (error) {
    if (error instanceof ControlError && error.code === 'no_secret') return undefined
    if (error instanceof ControlError && error.code === 'secret_unreadable') throw unreadable()
    if (error instanceof ControlError && error.status === 404)
      throw new StoreUnavailable('the control plane is of a version that has no secrets: update it')
    throw new StoreUnavailable(error instanceof Error ? error.message : String(error))
  }
}

/** What goes wrong here is told without a cause: the message of a parser quotes what it parsed. */
function open(sealingKey: JsonWebKey, bytes: Buffer, place: SecretPlace, version: number): SecretFields {
  const sealed = sealedIn(sealingKey, bytes)
  if (!sealed) throw new StoreUnavailable('the control plane sent a box that this plane cannot open')
  if (secretPath(sealed) !== secretPath(place) || sealed.version !== version)
    throw new StoreUnavailable('the control plane sent another secret than was asked for')
  return sealed.fields
}

function sealedIn(sealingKey: JsonWebKey, bytes: Buffer): SealedSecret | undefined {
  try {
    const { box } = SecretReadAnswer.parse(JSON.parse(bytes.toString('utf8')))
    return SealedSecret.parse(JSON.parse(openSealed(sealingKey, box).toString('utf8')))
  } catch {
    return undefined
  }
}
