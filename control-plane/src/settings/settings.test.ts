import { api } from '@bir/sdk/contract/api'
import { GatewaySettings, publishedSettings, Settings } from '@bir/sdk/contract/settings'
import { expect, test } from 'vitest'
import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { compileSettings } from '../compile/compile.ts'
import { exportPolicy } from '../policy/export.ts'
import { plan } from '../policy/plan.ts'
import { aControlPlane } from '../testing.ts'
import { get, put } from './settings.ts'

test('a change sets only the settings that it names, and only values that differ from the defaults are stored', async () => {
  await using it = await aControlPlane()
  const defaults = GatewaySettings.parse({})
  expect(await get(it.ctx)).toEqual(defaults)
  await put(it.ctx, { truncateChars: 5_000 })
  const input = api.settings.put.input.parse({ rateBurst: 7 })
  expect(await put(it.ctx, input)).toEqual({ ...defaults, truncateChars: 5_000, rateBurst: 7 })
  await put(it.ctx, { rateBurst: defaults.rateBurst })
  expect((await it.db.selectFrom('settings').select('values').executeTakeFirstOrThrow()).values).toEqual({ truncateChars: 5_000 })
})

test('the life of sessions is a setting in parts, which change and are stored one by one', async () => {
  await using it = await aControlPlane()
  const { session } = await put(it.ctx, { session: { idleMs: 3_600_000 } })
  expect(session).toEqual({ ...GatewaySettings.parse({}).session, idleMs: 3_600_000 })
  expect((await put(it.ctx, { session: { remember: 'on' } })).session).toEqual({ ...session, remember: 'on' })
  const stored = it.db.selectFrom('settings').select('values')
  expect((await stored.executeTakeFirstOrThrow()).values).toEqual({ session: { idleMs: 3_600_000, remember: 'on' } })

  const file = PolicyFile.parse({ settings: { session: { idleMs: 3_600_000 } } })
  expect((await plan(it.ctx, { file })).edits).toEqual(['change setting session.remember: on -> ask'])
  await it.applied(file)
  expect((await exportPolicy(it.ctx)).settings).toEqual({ session: { idleMs: 3_600_000 } })
  expect(PolicyFile.safeParse({ settings: { session: { idle: 1 } } }).success).toBe(false)
})

test('what only the control plane needs is in no snapshot', async () => {
  expect(publishedSettings(compileSettings({ session: { remember: 'on' } }).settings)).not.toHaveProperty('session')
})

test('setting the present values makes no revision', async () => {
  await using it = await aControlPlane()
  await put(it.ctx, { rateBurst: 7 })
  await put(it.ctx, { rateBurst: 7 })
  expect(it.published.revision).toBe(1)
})

test('a setting that older planes do not know is published only where somebody chose a value, and means its default elsewhere', () => {
  const { callsAtOnce, streamsAtOnce, binding, ...known } = Settings.parse({})
  expect(publishedSettings(Settings.parse({}))).toEqual(known)
  expect(publishedSettings(Settings.parse({ callsAtOnce: 7 }))).toEqual({ ...known, callsAtOnce: 7 })
  expect(Settings.parse(publishedSettings(Settings.parse({ callsAtOnce: 7 })))).toEqual({
    ...known,
    callsAtOnce: 7,
    streamsAtOnce,
    binding,
  })
  expect(publishedSettings(Settings.parse({ binding: 'ip' }))).toEqual({ ...known, binding: 'ip' })
  expect(callsAtOnce).toBe(64)
})

test('the network of a binding that is the default is not stored, however it is written', async () => {
  await using it = await aControlPlane()
  await put(it.ctx, api.settings.put.input.parse({ binding: 'both', bindingNetwork: { ipv4: 20 } }))
  expect((await get(it.ctx)).bindingNetwork).toEqual({ ipv4: 20, ipv6: 56 })
  await put(it.ctx, { bindingNetwork: { ipv6: 56, ipv4: 24 } })
  expect((await it.db.selectFrom('settings').select('values').executeTakeFirstOrThrow()).values).toEqual({ binding: 'both' })
  expect(api.settings.put.input.safeParse({ bindingNetwork: { ipv5: 1 } }).success).toBe(false)
})
