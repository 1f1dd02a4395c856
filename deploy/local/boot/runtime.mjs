import { execFileSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { Fault } from './command.mjs'
import { fetchPinned, folderOf } from './fetch-pinned.mjs'
import { readPins } from './pins.mjs'

const requiredMajor = 24

/**
 * Finds Node 24 and pnpm: this Node if it is new enough, else the
 * pinned one, fetched once into .bir-runtime. pnpm is always the pinned one.
 */
export async function findRuntime(root, say, ownVersion = process.version) {
  const pins = readPins()
  const isNewEnough = majorOf(ownVersion) >= requiredMajor
  const node = isNewEnough ? process.execPath : await pinnedNode(root, pins, say)
  return {
    node,
    path: [dirname(node), process.env.PATH].join(delimiter),
    pnpm: async () => {
      await fetchPinned(root, [pins.pnpm], say)
      return { file: node, args: [join(folderOf(root, pins.pnpm), 'bin/pnpm.mjs')] }
    },
  }
}

async function pinnedNode(root, pins, say) {
  const platform = `${process.platform}-${process.arch}`
  const pin = Object.hasOwn(pins.node, platform) ? pins.node[platform] : undefined
  if (!pin) {
    throw new Fault(
      `Node ${requiredMajor} or newer is needed, and none is known for ${platform}: install it from nodejs.org, then start again.`,
    )
  }
  // pnpm is fetched along: the first start needs it, and one download of both is told in one line.
  await fetchPinned(root, [pin, pins.pnpm], say)
  const folder = folderOf(root, pin)
  const node = join(folder, 'bin/node')
  if (versionOf(node) === `v${pin.version}`) return node
  throw new Fault(
    `Node ${pin.version} in ${folder} does not run on this machine: install Node ${requiredMajor} or newer from nodejs.org, or delete that folder if it is damaged.`,
  )
}

const majorOf = (version) => Number(version.slice(1).split('.')[0])

/** The version that the binary prints. A package can be there and still not run on this machine. */
function versionOf(binary) {
  try {
    return execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
