import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { SealingKeysAnswer, SealingRing } from '@bir/sdk/contract/internal'
import { openSealed } from '@bir/sdk/seal-box'
import type { Log } from '../runtime/log.ts'
import type { Sealer } from '../runtime/sealer.ts'
import type { ControlClient } from './client.ts'
import type { Identity } from './identity.ts'

const refreshIntervalMs = 5 * 60_000

interface Options {
  identity: Identity
  control: ControlClient
  sealer: Sealer
  path: string
  log: Log
}

/** Keeps the sealing keys current. On disk they stay encrypted, in the box that only this plane can open. */
export function keepSealingKeys({ identity, control, sealer, path, log }: Options, signal: AbortSignal): { refresh(): Promise<void> } {
  const use = (box: string) => {
    const { keys } = SealingRing.parse(JSON.parse(openSealed(identity.sealingKey, box).toString('utf8')))
    sealer.use(keys.map(({ kid, key }) => ({ kid, key: Buffer.from(key, 'base64url') })))
  }
  if (existsSync(path)) use(readFileSync(path, 'utf8'))

  const refresh = async () => {
    const { bytes } = await control.get('/sealing-keys', signal)
    const { box } = SealingKeysAnswer.parse(JSON.parse(bytes.toString('utf8')))
    use(box)
    await writeFile(`${path}.new`, box, { mode: 0o600 })
    await rename(`${path}.new`, path)
  }
  const tryRefresh = () =>
    refresh().catch((error: unknown) => signal.aborted || log('warn', 'no sealing keys from the control plane', { why: String(error) }))
  const timer = setInterval(() => void tryRefresh(), refreshIntervalMs).unref()
  signal.addEventListener('abort', () => clearInterval(timer))
  return { refresh: async () => void (await tryRefresh()) }
}
