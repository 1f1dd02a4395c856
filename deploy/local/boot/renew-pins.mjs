// Renews pins.json: node deploy/local/boot/renew-pins.mjs
// Each package gets the newest version of its major that is a week old, as npm's registry setting has it, so run this
// with the public registry. Every tarball is downloaded, compared and unpacked before its pin is written.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './command.mjs'
import { download } from './fetch-pinned.mjs'
import { networkSettings, npmCommand } from './npm.mjs'
import { pinsFile, readPins } from './pins.mjs'
import { unpack } from './unpack.mjs'

const root = fileURLToPath(new URL('../../..', import.meta.url))
/** A release that was made by somebody else than its maintainers is usually found out within days. */
const minAgeMs = 7 * 24 * 60 * 60 * 1000

async function view(...args) {
  const npm = npmCommand()
  const text = await run(npm.file, [...npm.args, 'view', '--json', ...args], { cwd: root, env: process.env, what: `Looking up ${args[0]}` })
  return JSON.parse(text.slice(text.search(/["{[]/)))
}

/** Compares two versions of one major by their numbers. */
function compare(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  return left[1] - right[1] || left[2] - right[2]
}

async function renew(pin, network) {
  const releases = await view(pin.name, 'time')
  const [major] = pin.version.split('.')
  const isOldEnough = ([version, at]) => new RegExp(`^${major}\\.\\d+\\.\\d+$`).test(version) && Date.now() - Date.parse(at) > minAgeMs
  const versions = Object.entries(releases).filter(isOldEnough)
  const version =
    versions
      .map(([version]) => version)
      .sort(compare)
      .at(-1) ?? pin.version
  if (compare(version, pin.version) < 0) throw new Error(`${pin.name} has no version as new as the pinned ${pin.version}.`)

  const renewed = { name: pin.name, version, integrity: await view(`${pin.name}@${version}`, 'dist.integrity') }
  if (version === pin.version && renewed.integrity !== pin.integrity) {
    throw new Error(`${pin.name} ${version} has another hash than the pinned one: a version never changes, so find out why.`)
  }
  const trial = mkdtempSync(join(tmpdir(), 'bir-pins-'))
  try {
    unpack(await download(root, renewed, network), trial)
  } finally {
    rmSync(trial, { recursive: true, force: true })
  }
  process.stdout.write(`${pin.name} ${pin.version === version ? 'stays' : `${pin.version} →`} ${version}\n`)
  return renewed
}

const network = await networkSettings(root)
const pins = readPins()
for (const [platform, pin] of Object.entries(pins.node)) pins.node[platform] = await renew(pin, network)
pins.pnpm = await renew(pins.pnpm, network)
writeFileSync(pinsFile, `${JSON.stringify(pins, undefined, 2)}\n`)
