import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { StartFault } from '../base/fault.ts'

/** A demo person. The provider's claims are made from it. */
export interface Person {
  handle: string
  name: string
  groups: string[]
  roles: string[]
  /** What the seed policy allows them, as text for the screens. */
  may: string
}

export const DEMO_PEOPLE: readonly Person[] = [
  { handle: 'admin', name: 'Aygün Admin', groups: [], roles: ['administrator'], may: 'administers the gateway' },
  { handle: 'alice', name: 'Alice Məmmədova', groups: ['analysts'], roles: [], may: 'analyst: reads notes and the bank, but no salaries' },
  { handle: 'bob', name: 'Bob Həsənov', groups: ['engineers'], roles: [], may: 'engineer: also writes notes' },
  { handle: 'carol', name: 'Carol Quliyeva', groups: ['operators'], roles: [], may: 'operator: also deletes notes and reads salaries' },
  { handle: 'dave', name: 'Dave Novikov', groups: [], roles: [], may: 'no grants yet' },
]

export const emailOf = ({ handle }: Person) => `${handle}@bank.example`

const Hashes = z.record(z.string(), z.object({ salt: z.base64(), hash: z.base64() }))
const derive = promisify<string, Buffer, number, Buffer>(scrypt)
const hashBytes = 32

/**
 * At the first start: makes a password for everyone, stores the
 * hashes, and returns the passwords. Undefined at every later start.
 */
export async function ensurePasswords(folder: string): Promise<Record<string, string> | undefined> {
  const file = join(folder, 'people.json')
  if (existsSync(file)) return void readHashes(file)
  const passwords = Object.fromEntries(DEMO_PEOPLE.map(({ handle }) => [handle, readablePassword()]))
  const hashes = await Promise.all(Object.entries(passwords).map(async ([handle, password]) => [handle, await hashOf(password)] as const))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(hashes), undefined, 2), { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return passwords
}

/** Reads the password hashes. Checking an unknown name takes as long as a wrong password. */
export function readPeople(folder: string) {
  const hashes = readHashes(join(folder, 'people.json'))
  const nobody = { salt: randomBytes(16).toString('base64'), hash: randomBytes(hashBytes).toString('base64') }
  return {
    find: (handle: string) => DEMO_PEOPLE.find((person) => person.handle === handle),
    async verify(handle: string, password: string): Promise<Person | undefined> {
      const person = DEMO_PEOPLE.find((person) => person.handle === handle)
      const stored = (person && hashes[person.handle]) ?? nobody
      const hash = await derive(password, Buffer.from(stored.salt, 'base64'), hashBytes)
      return timingSafeEqual(hash, Buffer.from(stored.hash, 'base64')) ? person : undefined
    },
  }
}

function readHashes(file: string): z.infer<typeof Hashes> {
  try {
    return Hashes.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new StartFault(`${file} is damaged: remove it, and the next start makes new passwords.`)
  }
}

async function hashOf(password: string) {
  const salt = randomBytes(16)
  return { salt: salt.toString('base64'), hash: (await derive(password, salt, hashBytes)).toString('base64') }
}

/** Sixteen characters in groups of four, without characters that look alike. About 77 bits, and easy to type. */
function readablePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  const group = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  return [group(), group(), group(), group()].join('-')
}
