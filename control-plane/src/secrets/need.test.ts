import { expect, test } from 'vitest'
import { secretNeedOf } from './need.ts'

test('the key beside a certificate has lines, as PEM has; a password has one', () => {
  const settings = {
    url: 'https://vcs.example',
    clientCertificate: { certificate: '-----BEGIN CERTIFICATE-----', key: { secret: 'client-key' } },
    proxy: { url: 'http://proxy.example:3128', user: 'gateway', password: { secret: 'proxy-password' } },
  }
  const { named } = secretNeedOf({ kind: 'mounted', settings, secret: null }, undefined)
  expect(named).toEqual([
    { name: 'client-key', title: 'client-key', lines: true, required: false },
    { name: 'proxy-password', title: 'proxy-password', lines: false, required: false },
  ])
})
