import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, faultOf, run } from './command.mjs'
import { withLock } from './lock.mjs'
import { cleanEnv, networkSettings, npmCommand } from './npm.mjs'
import { unpack } from './unpack.mjs'

const runtimesOf = (root) => join(root, '.bir-runtime')
/** What begins so is the work of a start that is under way, or was killed. */
const unfinishedPrefix = 'unfinished-'

/**
 * The folder of a pinned package. Its name holds the beginning of the package's hash, and it gets this name only after
 * the hash was checked: what lies there is what the pin names.
 */
export function folderOf(root, { name, version, integrity }) {
  const hash = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
  return join(runtimesOf(root), `${name}-${version}-${hash.slice(0, 12)}`)
}

/**
 * Fetches the packages that are not there yet. npm fetches the tarball, because it knows the user's registry, proxy and
 * certificates. The bytes are compared with the pin, and only then unpacked, so it does not matter who served them.
 */
export async function fetchPinned(root, pins, say) {
  const missing = () => pins.filter((pin) => !existsSync(folderOf(root, pin)))
  if (missing().length === 0) return
  await withLock(
    join(runtimesOf(root), 'lock'),
    async () => {
      const wanted = missing()
      if (wanted.length === 0) return
      say(`Fetching ${wanted.map(titleOf).join(' and ')} from the npm registry (once, a few seconds) …`)
      removeUnfinished(root)
      const network = await networkSettings(root)
      for (const pin of wanted) await fetchOne(root, pin, network)
    },
    () => say('Another start is fetching Node and pnpm; waiting for it …'),
  )
}

/** Downloads one package and returns the bytes of its tarball, once they are those of the pin. */
export async function download(root, pin, { registry }) {
  const folder = makeTemporary(root)
  try {
    const npm = npmCommand()
    // The root is the working folder, so that its .npmrc counts. A user's setting "dry-run" must not hide the file.
    const args = [...npm.args, 'pack', `${pin.name}@${pin.version}`, '--pack-destination', folder, '--ignore-scripts', '--no-dry-run']
    const env = { ...cleanEnv(), npm_config_fetch_retry_mintimeout: '1000', npm_config_fetch_retry_maxtimeout: '5000' }
    await run(npm.file, args, { cwd: root, env, registry, what: `Fetching ${titleOf(pin)}` })

    const [file] = readdirSync(folder)
    if (!file) throw new Fault(`Fetching ${titleOf(pin)} failed: npm wrote no file.`)
    const bytes = readFileSync(join(folder, file))
    refuseOtherBytes(bytes, pin, registry)
    return bytes
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function fetchOne(root, pin, network) {
  const bytes = await download(root, pin, network)
  const folder = folderOf(root, pin)
  const unfinished = join(runtimesOf(root), `${unfinishedPrefix}${process.pid}`)
  try {
    unpack(bytes, unfinished)
    renameSync(unfinished, folder)
  } catch (error) {
    throw faultOf(error, runtimesOf(root))
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** Under the lock no other start is fetching, so what is unfinished was left by a start that was killed. */
function removeUnfinished(root) {
  const left = readdirSync(runtimesOf(root)).filter((name) => name.startsWith(unfinishedPrefix))
  for (const name of left) rmSync(join(runtimesOf(root), name), { recursive: true, force: true })
}

function refuseOtherBytes(bytes, pin, registry) {
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  if (integrity === pin.integrity) return
  throw new Fault(
    `${registry} handed out a ${titleOf(pin)} that is not the one this release names (${integrity} instead of ${pin.integrity}). ` +
      "Nothing of it was run or kept. Check npm's registry setting; if it is right, tell whoever runs that registry.",
  )
}

function makeTemporary(root) {
  try {
    mkdirSync(runtimesOf(root), { recursive: true })
    return mkdtempSync(join(runtimesOf(root), unfinishedPrefix))
  } catch (error) {
    throw faultOf(error, runtimesOf(root))
  }
}

const titleOf = ({ name, version }) => `${name.startsWith('node-') ? 'Node' : name} ${version}`
