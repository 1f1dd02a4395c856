import { Config as ControlConfig } from '@bir/control-plane/config'
import { Config as PlaneConfig } from '@bir/data-plane/config'
import { Config as PortalConfig } from '@bir/portal/config'
import { PROXY_KEYS } from '@bir/sdk/proxies'
import { envName } from '@bir/sdk/read-env'

type Env = Readonly<Record<string, string | undefined>>
/** A process that the launcher starts. */
export type Part = 'control' | 'plane' | 'portal' | 'idp' | 'notes'

/** What a program may need of the machine that it runs on. None of it is secret. */
const machine = new RegExp(
  `^(${[
    'PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TMP|TEMP|XDG_[A-Z_]+|LD_LIBRARY_PATH|FONTCONFIG_[A-Z]+',
    'NODE_EXTRA_CA_CERTS|NODE_USE_SYSTEM_CA|SSL_CERT_FILE|SSL_CERT_DIR|NODE_COMPILE_CACHE|NODE_V8_COVERAGE|BIR_HOME',
  ].join('|')})$`,
)

/** The identities of the gateway at the stores of secrets. */
const stores = /^(SECRET_STORE|VAULT_|CONSUL_)/
/** So begin the names of what the data plane gets as `VAULT_…`: an identity of its own there, which only reads. */
const planePrefix = 'PLANE_'

/** The variables of settings, and those that name a file with a setting. */
const namesOf = (keys: readonly string[]) => new Set(keys.flatMap((key) => [envName(key), `${envName(key)}_FILE`]))
/** Programs know those of proxies in small letters too. A proxy's address may hold a password. */
const smallProxies = PROXY_KEYS.map((key) => envName(key).toLowerCase())

const settingsOf: Record<Part, ReadonlySet<string>> = {
  control: new Set([...namesOf(Object.keys(ControlConfig.shape)), ...smallProxies]),
  plane: new Set([...namesOf(Object.keys(PlaneConfig.shape)), ...smallProxies]),
  portal: namesOf([...Object.keys(PortalConfig.shape), 'portalKey', 'portalClientId']),
  // The launcher makes all of theirs.
  idp: new Set(),
  notes: new Set(),
}

/**
 * What a part gets of the environment of `npm start`: the variables of the machine, and its own settings. So no part
 * holds a secret of another one, nor what else the shell of the person holds. The identities at Vault and Consul are
 * the control plane's; `PLANE_VAULT_…` is the `VAULT_…` of the data plane.
 */
export function environmentOf(part: Part, env: Env): Record<string, string | undefined> {
  const given = Object.entries(env).flatMap(([name, value]): [string, string | undefined][] => {
    if (part === 'plane' && name.startsWith(`${planePrefix}VAULT_`)) return [[name.slice(planePrefix.length), value]]
    if (stores.test(name)) return part === 'control' ? [[name, value]] : []
    return machine.test(name) || settingsOf[part].has(name) ? [[name, value]] : []
  })
  return Object.fromEntries(given)
}
