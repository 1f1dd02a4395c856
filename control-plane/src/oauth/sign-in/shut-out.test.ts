import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLIENT_ID, CLIENT_SECRET } from '../../providers/testing.ts'
import { anAuthorization, aSignInGateway, registered, TestBrowser } from '../testing.ts'

/** What a person reads who signs in at a provider with these rules. */
async function readBy(claims: object[], more: { domains?: string[] } = {}) {
  const secrets = mkdtempSync(join(tmpdir(), 'bir-secrets-'))
  writeFileSync(join(secrets, 'corp'), CLIENT_SECRET)
  const unset = { IDP_ISSUER: '', IDP_AUDIENCE: '', IDP_CLIENT_ID: '', IDP_CLIENT_SECRET: '' }
  await using gateway = await aSignInGateway({ ...unset, SECRETS_DIR: secrets })
  const demo = { issuer: gateway.idp.issuer, clientId: CLIENT_ID, clientSecret: { secret: 'corp' }, claims, ...more }
  const client = gateway.control.client()
  await client.policy.apply({ file: { providers: { demo } } })
  const { html, status } = await new TestBrowser(gateway).go(anAuthorization(await registered(gateway)).path)
  rmSync(secrets, { recursive: true })
  const { items } = await client.audit.search({ reason: 'claims-refused' })
  const main = /<main[\s\S]*<\/main>/.exec(html)?.[0] ?? html
  return { status, detail: items[0]?.detail, text: main.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ') }
}

test('whom a rule refuses reads its sentence, and nothing that could say otherwise', async () => {
  const sentence = 'Contractors have no access here. Your supplier manager knows why & can tell you.'
  const { status, text, detail } = await readBy([{ refuse: sentence }])
  expect(status).toBe(403)
  expect(text).toContain(sentence.replace('&', '&#38;'))
  expect(text).not.toMatch(/ask (?:your|an) administrator|your administrators have not|does not say who you are|what you can do/i)
  expect(detail).toBe(sentence)
})

test('whom no rule covers, and who has an address of elsewhere, reads that it is not allowed: who it is is known', async () => {
  for (const { text, status } of [
    await readBy([{ when: { claim: 'email', equals: 'nobody@bank.example' } }]),
    await readBy([{}], { domains: ['other.example'] }),
  ]) {
    expect(status).toBe(403)
    expect(text).toContain('Ask your administrator for access')
    expect(text).not.toContain('does not say who you are')
  }
})
