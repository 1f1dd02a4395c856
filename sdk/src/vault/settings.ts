import { z } from 'zod'

/* How a process reaches Vault or OpenBao: the settings VAULT_…, of the control plane and of a data plane alike. */

const stripped = (text: string) => text.replace(/^\/+|\/+$/g, '')
const path = z
  .string()
  .transform(stripped)
  .pipe(z.string().regex(/^[^\s?#%]+$/, 'must be a path, without blanks, ?, # and %'))
const text = z.string().min(1)

/** The methods by which a process logs in. */
const VaultMethod = z.enum(['token', 'approle', 'kubernetes', 'jwt'])

/** Members of a settings schema. Each `…File` beside a text is read anew at every log-in. */
export const vaultShape = {
  /** The address of the server or of its balancer, such as `https://vault.example.com:8200`. */
  vaultAddr: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#@]/.test(url), 'must be an address without user, query and fragment')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  vaultNamespace: path.optional(),
  /** Where the KV engine is mounted. */
  vaultMount: path.default('secret'),
  /** The PEM file of the authorities that may vouch for the server, in place of those of the machine. */
  vaultCacert: text.optional(),
  vaultAuth: VaultMethod.default('token'),
  vaultToken: text.optional(),
  vaultTokenFile: text.optional(),
  vaultRoleId: text.optional(),
  vaultSecretId: text.optional(),
  vaultSecretIdFile: text.optional(),
  vaultRole: text.optional(),
  /** Where the method is mounted below `auth/`. Absent: at its name. */
  vaultAuthMount: path.optional(),
  vaultKubernetesTokenFile: text.optional(),
  vaultJwt: text.optional(),
  vaultJwtFile: text.optional(),
}

const VaultSettings = z.object(vaultShape)
/** The settings as they were read. */
export type VaultGiven = z.output<typeof VaultSettings>
type VaultKey = keyof VaultGiven

/** A credential: the text itself, or the file whose text it is at the moment of the log-in. */
export type Credential = { text: string } | { file: string }

export type VaultAuth =
  | { method: 'token'; token: Credential }
  | { method: 'approle'; mount: string; roleId: string; secretId: Credential | undefined }
  | { method: 'kubernetes'; mount: string; role: string; jwt: Credential }
  | { method: 'jwt'; mount: string; role: string | undefined; jwt: Credential }

/** How to reach the KV engine. */
export interface VaultAccess {
  /** Without a slash at the end. It may have a path, before `/v1`. */
  address: string
  namespace: string | undefined
  mount: string
  caFile: string | undefined
  auth: VaultAuth
}

/** A setting and what is wrong with it, such as `vaultRole` and `is missing`. */
export type VaultSettingFault = readonly [key: VaultKey, message: string]

const serviceAccountFile = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** What each method needs (one of each list), and what it may have besides. */
const methods: Record<z.infer<typeof VaultMethod>, { needs: VaultKey[][]; may: VaultKey[] }> = {
  token: { needs: [['vaultToken', 'vaultTokenFile']], may: [] },
  approle: { needs: [['vaultRoleId']], may: ['vaultSecretId', 'vaultSecretIdFile', 'vaultAuthMount'] },
  kubernetes: { needs: [['vaultRole']], may: ['vaultKubernetesTokenFile', 'vaultAuthMount'] },
  jwt: { needs: [['vaultJwt', 'vaultJwtFile']], may: ['vaultRole', 'vaultAuthMount'] },
}
const methodKeys = [...new Set(Object.values(methods).flatMap(({ needs, may }) => [...needs.flat(), ...may]))]

/** What is missing, and what contradicts the method. Empty: `vaultAccess` takes these settings. */
export function vaultSettingFaults(settings: VaultGiven): VaultSettingFault[] {
  const { needs, may } = methods[settings.vaultAuth]
  const missing = needs.filter((keys) => keys.every((key) => settings[key] === undefined)).flatMap((keys) => keys.slice(0, 1))
  const belongs = new Set([...needs.flat(), ...may])
  const strange = methodKeys.filter((key) => !belongs.has(key) && settings[key] !== undefined)
  return [
    ...(settings.vaultAddr === undefined ? [['vaultAddr', 'is missing'] as const] : []),
    ...missing.map((key) => [key, `is missing: VAULT_AUTH=${settings.vaultAuth} needs it`] as const),
    ...strange.map((key) => [key, `does not go with VAULT_AUTH=${settings.vaultAuth}: leave it out`] as const),
  ]
}

/** The access that settings without faults describe. */
export function vaultAccess(settings: VaultGiven): VaultAccess {
  const { vaultAddr = '', vaultNamespace, vaultMount, vaultCacert } = settings
  return { address: vaultAddr, namespace: vaultNamespace, mount: vaultMount, caFile: vaultCacert, auth: authOf(settings) }
}

function authOf(settings: VaultGiven): VaultAuth {
  const { vaultAuth: method, vaultAuthMount: mount = method } = settings
  switch (method) {
    case 'token':
      return { method, token: credential(settings.vaultToken, settings.vaultTokenFile) }
    case 'approle': {
      const { vaultRoleId: roleId = '', vaultSecretId, vaultSecretIdFile } = settings
      const hasSecretId = vaultSecretId !== undefined || vaultSecretIdFile !== undefined
      return { method, mount, roleId, secretId: hasSecretId ? credential(vaultSecretId, vaultSecretIdFile) : undefined }
    }
    case 'kubernetes':
      return { method, mount, role: settings.vaultRole ?? '', jwt: { file: settings.vaultKubernetesTokenFile ?? serviceAccountFile } }
    case 'jwt':
      return { method, mount, role: settings.vaultRole, jwt: credential(settings.vaultJwt, settings.vaultJwtFile) }
  }
}

/** The file goes first: the text beside it is what the file held when the process started. */
const credential = (text: string | undefined, file: string | undefined): Credential =>
  file === undefined ? { text: text ?? '' } : { file }
