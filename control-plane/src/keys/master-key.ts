import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Encrypts the private keys in the database. It is never in the database itself. */
export interface MasterKey {
  wrap: (kid: string, bytes: Uint8Array) => Buffer
  /** Throws unless this master key wrapped these bytes under this `kid`. */
  unwrap: (kid: string, wrapped: Uint8Array) => Buffer
  /** A secret for one purpose, always the same. It tells nothing of the master key. */
  derive: (purpose: string) => Buffer
}

const nonceBytes = 12
const tagBytes = 16

/** AES-256-GCM. Layout: nonce, ciphertext, tag. The `kid` is authenticated too, so that rows cannot be swapped. */
export function masterKeyOf(key: Buffer): MasterKey {
  return {
    wrap(kid, bytes) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(kid))
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
    },
    unwrap(kid, wrapped) {
      const nonce = wrapped.subarray(0, nonceBytes)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(kid))
      decipher.setAuthTag(wrapped.subarray(-tagBytes))
      return Buffer.concat([decipher.update(wrapped.subarray(nonceBytes, -tagBytes)), decipher.final()])
    },
    derive: (purpose) => createHmac('sha256', key).update(`derive ${purpose}`).digest(),
  }
}

interface MasterKeyLocation {
  stage: string
  homeDir: string
  masterKey?: Buffer | undefined
}

/** The configured master key, or the one in the home folder. Only stage local makes one, at its first start. */
export function readMasterKey({ stage, homeDir, masterKey }: MasterKeyLocation): MasterKey {
  const path = join(homeDir, 'master.key')
  const key = masterKey ?? read(path) ?? (stage === 'local' ? create(path) : undefined)
  if (!key)
    throw new Error(
      `There is no master key. Set MASTER_KEY or MASTER_KEY_FILE (base64 of 32 random bytes), or put the 32 bytes in ${path}.`,
    )
  if (key.length !== 32) throw new Error(`The master key in ${path} is not 32 bytes long.`)
  return masterKeyOf(key)
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new Error(`The master key in ${path} cannot be read.`, { cause: error })
  }
}

/**
 * Writes a temporary file and links it to `path`: when two first starts run at once, both read the same complete key.
 */
function create(path: string): Buffer | undefined {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  const temporaryPath = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(temporaryPath, randomBytes(32), { mode: 0o600, flush: true })
  try {
    linkSync(temporaryPath, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(temporaryPath)
  }
  return read(path)
}
