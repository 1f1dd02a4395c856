import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from './command.mjs'

/**
 * The caller's npm settings that a nested npm or pnpm needs. The
 * others (call, package, prefix, workspace …) would mislead it.
 */
const passedSettings =
  /^npm_config_(registry|.*:registry|.*:_auth.*|proxy|https_proxy|noproxy|no_proxy|ca|cafile|cert|key|strict_ssl|userconfig|globalconfig|cache)$/i

/** The environment for a nested npm. A script that npm runs inherits settings that are meant for its parent. */
export function cleanEnv(env = process.env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_/i.test(name) || passedSettings.test(name)))
}

/** With these settings pnpm reports a silent registry within seconds. By default it retries for many minutes. */
const retrySettings = { fetch_retries: '2', fetch_retry_mintimeout: '1000', fetch_retry_maxtimeout: '5000', fetch_timeout: '60000' }

/** The command that runs npm: the npm that started this process, or the one beside this Node. */
export function npmCommand() {
  const parentNpm = process.env.npm_execpath
  const npmBesideNode = [
    join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js'),
    join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
  ]
  const script = [parentNpm, ...npmBesideNode].find((path) => path?.endsWith('npm-cli.js') && existsSync(path))
  if (script) return { file: process.execPath, args: [script] }
  return { file: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] }
}

/** The user's registry, proxy and certificate authority as npm resolves them, for pnpm, which reads fewer files. */
export async function networkSettings(cwd) {
  const npm = npmCommand()
  const text = await run(npm.file, [...npm.args, 'config', 'list', '--json'], { cwd, env: cleanEnv(), what: 'Reading npm settings' })
  const settings = parse(text)
  const env = {}
  for (const [key, value] of Object.entries(retrySettings)) env[`pnpm_config_${key}`] = value
  for (const key of ['registry', 'proxy', 'https-proxy', 'noproxy', 'cafile', 'strict-ssl']) {
    const value = settings[key]
    if (value === null || value === undefined || value === '') continue
    const name = key.replaceAll('-', '_')
    env[`npm_config_${name}`] = String(value)
    env[`pnpm_config_${name}`] = String(value)
  }
  if (settings.cafile && !process.env.NODE_EXTRA_CA_CERTS) env.NODE_EXTRA_CA_CERTS = settings.cafile
  return { env, registry: settings.registry ? `The npm registry (${settings.registry})` : 'The npm registry' }
}

function parse(text) {
  try {
    return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))
  } catch {
    return {}
  }
}
