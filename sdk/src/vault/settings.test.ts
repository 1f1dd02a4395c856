import { expect, test } from 'vitest'
import { z } from 'zod'
import { vaultAccess, vaultSettingFaults, vaultShape } from './settings.ts'

const settingsOf = (given: Record<string, string>) => z.object(vaultShape).parse(given)
const vaultAddr = 'https://vault.example.com:8200/'

test.for([
  [{ vaultToken: 'fake' }, { method: 'token', token: { text: 'fake' } }],
  [
    { vaultToken: 'fake', vaultTokenFile: '/run/token' },
    { method: 'token', token: { file: '/run/token' } },
  ],
  [
    { vaultAuth: 'approle', vaultRoleId: 'r' },
    { method: 'approle', mount: 'approle', roleId: 'r', secretId: undefined },
  ],
  [
    { vaultAuth: 'approle', vaultRoleId: 'r', vaultSecretId: 's', vaultAuthMount: '/team/approle/' },
    { method: 'approle', mount: 'team/approle', roleId: 'r', secretId: { text: 's' } },
  ],
  [
    { vaultAuth: 'kubernetes', vaultRole: 'bir' },
    { method: 'kubernetes', mount: 'kubernetes', role: 'bir', jwt: { file: '/var/run/secrets/kubernetes.io/serviceaccount/token' } },
  ],
  [
    { vaultAuth: 'jwt', vaultJwtFile: '/run/jwt' },
    { method: 'jwt', mount: 'jwt', role: undefined, jwt: { file: '/run/jwt' } },
  ],
] as const)('%o is a way to log in', ([given, auth]) => {
  const settings = settingsOf({ vaultAddr, ...given })
  expect(vaultSettingFaults(settings)).toEqual([])
  expect(vaultAccess(settings)).toMatchObject({ address: 'https://vault.example.com:8200', mount: 'secret', auth })
})

test('every setting that is missing or contradicts the method is named', () => {
  const settings = settingsOf({ vaultAuth: 'kubernetes', vaultToken: 'fake', vaultSecretId: 'fake' })
  expect(vaultSettingFaults(settings)).toEqual([
    ['vaultAddr', 'is missing'],
    ['vaultRole', 'is missing: VAULT_AUTH=kubernetes needs it'],
    ['vaultToken', 'does not go with VAULT_AUTH=kubernetes: leave it out'],
    ['vaultSecretId', 'does not go with VAULT_AUTH=kubernetes: leave it out'],
  ])
})

test.for([
  { vaultAddr: 'vault.example.com:8200' },
  { vaultAddr: 'https://root:pw@vault.example.com' },
  { vaultAddr: 'https://vault.example.com/?a=b' },
  { vaultMount: 'a b' },
  { vaultMount: '/' },
  { vaultAuth: 'userpass' },
])('%o is refused', (given) => {
  expect(z.object(vaultShape).safeParse(given).success).toBe(false)
})
