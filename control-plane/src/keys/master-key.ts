import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What private keys lie under in the database. It never is in the database itself. */
export interface MasterKey {
  wrap: (kid: string, bytes: Uint8Array) => Buffer
  /** Throws unless these bytes were wrapped by this key, under this name. */
  unwrap: (kid: string, wrapped: Uint8Array) => Buffer
}

const nonceBytes = 12
const tagBytes = 16

/** Layout: nonce, ciphertext, tag. The name is bound in, so that rows cannot be swapped. */
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
  }
}

interface Where {
  stage: string
  homeDir: string
  masterKey?: Buffer | undefined
}

/** The given one, or the one in the home folder; only stage local makes one up, at its first start. */
export function readMasterKey({ stage, homeDir, masterKey }: Where): MasterKey {
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

/** Written aside and linked into place: of two first starts at once, both read the same whole key. */
function create(path: string): Buffer | undefined {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(aside, randomBytes(32), { mode: 0o600, flush: true })
  try {
    linkSync(aside, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(aside)
  }
  return read(path)
}
