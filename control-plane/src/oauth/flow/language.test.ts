import { expect, test } from 'vitest'
import { aRunningControlPlane, ISSUER } from '../../internal/testing.ts'

test.for([
  ['none of ours', 'language=xx'],
  ['none', ''],
  ['far too much', `language=${'x'.repeat(2000)}`],
])('a language switch that sends %s shows a page with an id that the audit finds', async ([, body]) => {
  await using control = await aRunningControlPlane()
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: ISSUER, accept: 'text/html' }
  const answer = await control.get('/oauth/language', { method: 'POST', headers, body: body ?? '', redirect: 'manual' })
  expect([answer.status, answer.headers.get('set-cookie')]).toEqual([303, null])
  const page = await control.get(answer.headers.get('location') ?? '')
  const id = /<code class="id">([^<]+)<\/code>/.exec(await page.text())?.[1] ?? ''
  const { items } = await control.client().audit.search({ id })
  expect([page.status, items]).toEqual([
    400,
    [expect.objectContaining({ method: 'oauth/language', outcome: 'refused', reason: expect.any(String) })],
  ])
})
