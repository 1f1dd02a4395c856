import { expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { planeOrigin } from './internal-url.ts'

const anywhere = { loopback: false, hosts: [] }

test.for([
  ['http://169.254.169.254', 'no plane can be at'],
  ['http://169.254.1.2:8090', 'no plane can be at'],
  ['http://[fd00:ec2::254]', 'no plane can be at'],
  ['http://[::ffff:169.254.169.254]', 'no plane can be at'],
  ['http://0xa9fea9fe', 'no plane can be at'],
  ['http://169.254.169.254.:80', 'no plane can be at'],
  ['http://100.100.100.200', 'no plane can be at'],
  ['http://[fe80::1]:8090', 'no plane can be at'],
  ['http://0.0.0.0:8090', 'no plane can be at'],
  ['http://[::]', 'no plane can be at'],
  ['http://224.0.0.1', 'no plane can be at'],
  ['http://127.0.0.1:8090', 'the machine itself'],
  ['http://[::1]', 'the machine itself'],
  ['http://localhost:8090', 'the machine itself'],
  ['ftp://10.0.0.1', 'not with http'],
  ['file:///etc/passwd', 'not with http'],
  ['http://user@10.0.0.1', 'a user name or a password'],
  ['http://:pw@10.0.0.1', 'a user name or a password'],
  ['http://10.0.0.1/proxy?to=', 'more than scheme, host and port'],
  ['http://10.0.0.1/?x', 'more than scheme, host and port'],
  ['http://10.0.0.1/#x', 'more than scheme, host and port'],
  ['10.0.0.1:8090', 'it is no URL'],
  ['http://', 'it is no URL'],
] as const)('a plane may not say that it is at %s', ([url, why]) => {
  expect(() => planeOrigin(url, anywhere)).toThrow(why)
})

test.for([
  ['http://10.0.0.12:8090/', 'http://10.0.0.12:8090'],
  ['https://PLANE-A.internal', 'https://plane-a.internal'],
  ['http://[fd12::1]:8090', 'http://[fd12::1]:8090'],
  ['http://data-plane:8090', 'http://data-plane:8090'],
  ['http://203.0.113.5', 'http://203.0.113.5'],
] as const)('a plane may say that it is at %s', ([url, origin]) => {
  expect(planeOrigin(url, anywhere)).toBe(origin)
})

test('in stage local a plane may be on this machine', () => {
  expect(planeOrigin('http://127.0.0.1:40000', { loopback: true, hosts: [] })).toBe('http://127.0.0.1:40000')
  expect(() => planeOrigin('http://169.254.169.254', { loopback: true, hosts: [] })).toThrow('no plane can be at')
})

const local = { PUBLIC_URL: 'http://127.0.0.1:1', MCP_URL: 'http://127.0.0.1:2', DATABASE_URL: 'postgres://x/y', HOME_DIR: '/x' }

test('PLANE_HOSTS says where planes may be', () => {
  const { planeHosts } = readConfig({ ...local, PLANE_HOSTS: '10.1.0.0/16, *.Planes.internal, fd12::/16, 127.0.0.1, 169.254.0.0/16' })
  const sites = { loopback: false, hosts: planeHosts }
  for (const url of ['http://10.1.2.3:1', 'http://a.planes.internal', 'http://[fd12::1]:1', 'http://127.0.0.1:1'])
    expect(planeOrigin(url, sites)).toBe(url)
  for (const url of ['http://10.2.0.1', 'http://planes.internal', 'http://a.planes.internal.evil.example', 'http://127.0.0.2'])
    expect(() => planeOrigin(url, sites)).toThrow('is not in PLANE_HOSTS')
  expect(() => planeOrigin('http://169.254.169.254', sites)).toThrow('no plane can be at')
  expect(() => readConfig({ ...local, PLANE_HOSTS: 'http://x' })).toThrow('PLANE_HOSTS')
})
