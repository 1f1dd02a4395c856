import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from './command.mjs'

/** What of the caller's npm settings a nested npm or pnpm needs; the rest (call, package, prefix, workspace …) misleads it. */
const wanted =
  /^npm_config_(registry|.*:registry|.*:_auth.*|proxy|https_proxy|noproxy|no_proxy|ca|cafile|cert|key|strict_ssl|userconfig|globalconfig|cache)$/i

/** The environment for a nested npm: a script of npm, run by npm, inherits settings meant for its parent. */
export function cleanEnv(env = process.env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_/i.test(name) || wanted.test(name)))
}

/** A registry that does not answer is said so within seconds; pnpm by itself tries on for many minutes. */
const patience = { fetch_retries: '2', fetch_retry_mintimeout: '1000', fetch_retry_maxtimeout: '5000', fetch_timeout: '60000' }

/** How to run npm: the one that started us, or the one beside this Node. */
export function npmCommand() {
  const started = process.env.npm_execpath
  const beside = [
    join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js'),
    join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
  ]
  const script = [started, ...beside].find((path) => path?.endsWith('npm-cli.js') && existsSync(path))
  if (script) return { file: process.execPath, args: [script] }
  return { file: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] }
}

/** The person's registry, proxy and authority as npm resolves them from all its files, for pnpm, which reads fewer. */
export async function networkSettings(cwd) {
  const npm = npmCommand()
  const text = await run(npm.file, [...npm.args, 'config', 'list', '--json'], { cwd, env: cleanEnv(), what: 'Reading npm settings' })
  const all = parse(text)
  const env = {}
  for (const [key, value] of Object.entries(patience)) env[`pnpm_config_${key}`] = value
  for (const key of ['registry', 'proxy', 'https-proxy', 'noproxy', 'cafile', 'strict-ssl']) {
    const value = all[key]
    if (value === null || value === undefined || value === '') continue
    const name = key.replaceAll('-', '_')
    env[`npm_config_${name}`] = String(value)
    env[`pnpm_config_${name}`] = String(value)
  }
  if (all.cafile && !process.env.NODE_EXTRA_CA_CERTS) env.NODE_EXTRA_CA_CERTS = all.cafile
  return { env, registry: all.registry ? `The npm registry (${all.registry})` : 'The npm registry' }
}

function parse(text) {
  try {
    return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))
  } catch {
    return {}
  }
}
