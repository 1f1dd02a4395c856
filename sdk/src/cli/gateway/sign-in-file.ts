import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Environment } from '../base/environment.ts'
import { CliFault, codeOf } from '../base/fault.ts'

/** What `bir login` keeps of one gateway. */
const SignIn = z.looseObject({
  issuer: z.string(),
  person: z.string(),
  accessToken: z.string(),
  expiresAtMs: z.number(),
  refreshToken: z.string().optional(),
})
export type SignIn = z.infer<typeof SignIn>

/** The file with the sign-in at one gateway. Each gateway has its own, so that none can lose that of another. */
export interface SignInFile {
  issuer: string
  path: string
  /** Undefined when nobody is signed in. Throws `CliFault` when others can read the file, or it is damaged. */
  read(): Promise<SignIn | undefined>
  write(signIn: SignIn): Promise<void>
  remove(): Promise<void>
}

type Place = Pick<Environment, 'env' | 'homeDir' | 'platform'>

export function signInFile(place: Place, url: string): SignInFile {
  const issuer = url.replace(/\/+$/, '')
  const folder = join(place.env['XDG_CONFIG_HOME'] || join(place.homeDir, '.config'), 'bir')
  const path = join(folder, `${encodeURIComponent(issuer)}.json`)
  return {
    issuer,
    path,
    read: () => readSignIn(place, folder, path),
    write: (signIn) => writeSignIn(folder, path, signIn),
    remove: () => rm(path, { force: true }),
  }
}

async function readSignIn(place: Place, folder: string, path: string): Promise<SignIn | undefined> {
  let text: string
  try {
    await refuseOthers(place, folder, path)
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof CliFault) throw cause
    if (codeOf(cause) === 'ENOENT') return undefined
    throw new CliFault('bad_file', `${path} cannot be read (${codeOf(cause)}).`, { cause })
  }
  const parsed = SignIn.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  throw new CliFault('bad_file', `${path} is damaged: remove it, and sign in again with "bir login".`)
}

/** Windows has no such modes: there the folder of a user is closed to others. */
async function refuseOthers({ platform }: Place, folder: string, path: string): Promise<void> {
  if (platform === 'win32') return
  const [file, parent] = await Promise.all([stat(path), stat(folder)])
  if ((file.mode & 0o077) !== 0)
    throw new CliFault(
      'bad_file',
      `${path} has tokens in it and others on this machine can open it (mode ${octal(file.mode)}): run "bir logout" if somebody may have read it, or else "chmod 600 '${path}'".`,
    )
  if ((parent.mode & 0o022) !== 0)
    throw new CliFault(
      'bad_file',
      `Others on this machine can change the files in ${folder} (mode ${octal(parent.mode)}), where your tokens are: run "chmod 700 '${folder}'".`,
    )
}

const octal = (mode: number) => (mode & 0o777).toString(8)

/** Another process reads the former file or the new one, never a part. */
async function writeSignIn(folder: string, path: string, signIn: SignIn): Promise<void> {
  const newPath = `${path}.${randomUUID()}.new`
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await open(newPath, 'wx', 0o600)
    try {
      await file.writeFile(JSON.stringify(signIn))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(newPath, path)
  } catch (cause) {
    await rm(newPath, { force: true }).catch(() => undefined)
    throw new CliFault('bad_file', `${path} cannot be written (${codeOf(cause)}).`, { cause })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
