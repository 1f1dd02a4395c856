import { api } from '@bir/sdk/contract/api'
import { publishedSettings, Settings } from '@bir/sdk/contract/settings'
import { expect, test } from 'vitest'
import { aControlPlane } from '../testing.ts'
import { get, put } from './settings.ts'

test('a change sets only the settings that it names, and only values that differ from the defaults are stored', async () => {
  await using it = await aControlPlane()
  const defaults = Settings.parse({})
  expect(await get(it.ctx)).toEqual(defaults)
  await put(it.ctx, { truncateChars: 5_000 })
  const input = api.settings.put.input.parse({ rateBurst: 7 })
  expect(await put(it.ctx, input)).toEqual({ ...defaults, truncateChars: 5_000, rateBurst: 7 })
  await put(it.ctx, { rateBurst: defaults.rateBurst })
  expect((await it.db.selectFrom('settings').select('values').executeTakeFirstOrThrow()).values).toEqual({ truncateChars: 5_000 })
})

test('setting the present values makes no revision', async () => {
  await using it = await aControlPlane()
  await put(it.ctx, { rateBurst: 7 })
  await put(it.ctx, { rateBurst: 7 })
  expect(it.published.revision).toBe(1)
})

test('a setting that older planes do not know is published only where somebody chose a value, and means its default elsewhere', () => {
  const { callsAtOnce, streamsAtOnce, ...known } = Settings.parse({})
  expect(publishedSettings(Settings.parse({}))).toEqual(known)
  expect(publishedSettings(Settings.parse({ callsAtOnce: 7 }))).toEqual({ ...known, callsAtOnce: 7 })
  expect(Settings.parse(publishedSettings(Settings.parse({ callsAtOnce: 7 })))).toEqual({ ...known, callsAtOnce: 7, streamsAtOnce })
  expect(callsAtOnce).toBe(64)
})
