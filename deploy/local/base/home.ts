import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import { OperatorKey } from '@bir/sdk/operator'
import { StartFault, homeFault } from './fault.ts'

const firstStartMb = 400
const laterStartMb = 30

/** The files and folders of a home. */
export const placesOf = (home: string) => ({
  home,
  operatorKey: join(home, 'operator.key'),
  endpoints: join(home, 'endpoints.json'),
  databaseUrl: join(home, 'database-url'),
  join: join(home, 'join'),
  lock: join(home, 'launcher.lock'),
  secrets: join(home, 'secrets'),
  control: join(home, 'control'),
  plane: join(home, 'plane'),
  idp: join(home, 'idp'),
  /** What the gateway proves to the demo provider that it is. No other part reads it. */
  idpClientSecret: join(home, 'idp', 'client-secret'),
  /** With what the portal proves to the control plane that it is. No other part is told of it. */
  portalKey: join(home, 'portal', 'key.json'),
  notes: join(home, 'notes'),
  notesPort: join(home, 'notes', 'port'),
  logs: join(home, 'logs'),
})
export type Places = ReturnType<typeof placesOf>

/** Makes the home, readable by its owner alone, and checks that it can be written. Throws `StartFault`. */
export function prepareHome(home: string): Places {
  const places = placesOf(home)
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    // Under root, Postgres runs as another user, who must pass through the home to its folder.
    chmodSync(home, process.getuid?.() === 0 ? 0o711 : 0o700)
    const probe = join(home, `.probe-${process.pid}`)
    writeFileSync(probe, randomBytes(4096))
    rmSync(probe)
    for (const folder of [places.secrets, places.control, places.plane, places.idp, places.notes, places.logs]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    }
  } catch (error) {
    throw homeFault(error, home)
  }
  refuseFullDisk(places)
  return places
}

function refuseFullDisk({ home, operatorKey }: Places): void {
  const { bavail, bsize } = statfsSync(home)
  const freeMb = Math.floor((bavail * bsize) / 1_000_000)
  const neededMb = existsSync(operatorKey) ? laterStartMb : firstStartMb
  if (freeMb >= neededMb) return
  throw new StartFault(`The disk that holds ${home} is full: ${freeMb} MB are free and ${neededMb} MB are needed.`)
}

/** Makes the operator's key at the first start, and reads it at every later one. */
export async function ensureOperatorKey({ operatorKey: file }: Places): Promise<OperatorKey> {
  if (existsSync(file)) return readOperatorKey(file)
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const key = OperatorKey.parse(await exportJWK(privateKey))
  writeAtomically(file, JSON.stringify(key))
  return key
}

function readOperatorKey(file: string): OperatorKey {
  try {
    return OperatorKey.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new StartFault(`${file} is damaged: remove it, and the next start makes a new one.`)
  }
}

/** Makes a file with a random secret, unless it is there. Only its owner can read it. */
export function ensureSecret(file: string): void {
  if (!existsSync(file)) writeAtomically(file, randomBytes(24).toString('base64url'))
}

/** Writes a file under another name and renames it, so that no reader sees half of it. */
export function writeAtomically(file: string, text: string, mode = 0o600): void {
  const unfinished = `${file}.${process.pid}`
  writeFileSync(unfinished, text, { mode })
  renameSync(unfinished, file)
}
