import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { StartFault } from '../base/fault.ts'

/** A demo person, as the provider's claims tell of them. */
export interface Person {
  handle: string
  name: string
  groups: string[]
  roles: string[]
  /** For the screens: what the seed policy lets them do. */
  may: string
}

export const DEMO_PEOPLE: readonly Person[] = [
  { handle: 'admin', name: 'Aygün Admin', groups: [], roles: ['administrator'], may: 'administers the gateway' },
  { handle: 'alice', name: 'Alice Məmmədova', groups: ['analysts'], roles: [], may: 'analyst: reads, but no salaries' },
  { handle: 'bob', name: 'Bob Həsənov', groups: ['engineers'], roles: [], may: 'engineer: writes' },
  { handle: 'carol', name: 'Carol Quliyeva', groups: ['operators'], roles: [], may: 'operator: may delete' },
  { handle: 'dave', name: 'Dave Novikov', groups: [], roles: [], may: 'no grants yet' },
]

export const emailOf = ({ handle }: Person) => `${handle}@bank.example`

const Hashes = z.record(z.string(), z.object({ salt: z.base64(), hash: z.base64() }))
const derive = promisify<string, Buffer, number, Buffer>(scrypt)
const hashBytes = 32

/** At the first start: makes everyone a password, keeps its hash, and returns the passwords, this one time. */
export async function ensurePasswords(folder: string): Promise<Record<string, string> | undefined> {
  const file = join(folder, 'people.json')
  if (existsSync(file)) return void readHashes(file)
  const made = Object.fromEntries(DEMO_PEOPLE.map(({ handle }) => [handle, readablePassword()]))
  const hashes = await Promise.all(Object.entries(made).map(async ([handle, password]) => [handle, await hashOf(password)] as const))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(hashes), undefined, 2), { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return made
}

/** Who may sign in with what. An unknown name costs as much time as a wrong password. */
export function readPeople(folder: string) {
  const hashes = readHashes(join(folder, 'people.json'))
  const nobody = { salt: randomBytes(16).toString('base64'), hash: randomBytes(hashBytes).toString('base64') }
  return {
    find: (handle: string) => DEMO_PEOPLE.find((person) => person.handle === handle),
    async verify(handle: string, password: string): Promise<Person | undefined> {
      const person = DEMO_PEOPLE.find((person) => person.handle === handle)
      const kept = (person && hashes[person.handle]) ?? nobody
      const hash = await derive(password, Buffer.from(kept.salt, 'base64'), hashBytes)
      return timingSafeEqual(hash, Buffer.from(kept.hash, 'base64')) ? person : undefined
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

/** Sixteen characters in groups of four, without those that look alike: about 77 bits, and easily typed. */
function readablePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  const group = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  return [group(), group(), group(), group()].join('-')
}
