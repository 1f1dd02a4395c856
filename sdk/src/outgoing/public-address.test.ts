import { expect, test } from 'vitest'
import { mayReach } from './public-address.ts'

test.for([
  ['93.184.216.34', true, true],
  ['127.0.0.1', true, false],
  ['10.1.2.3', true, false],
  ['172.31.255.255', true, false],
  ['172.32.0.1', true, true],
  ['192.168.1.1', true, false],
  ['169.254.1.1', true, false],
  ['169.254.169.254', false, false],
  ['100.64.0.1', true, false],
  ['0.0.0.0', true, false],
  ['::1', true, false],
  ['::', true, false],
  ['fd00::1', true, false],
  ['fd00:ec2::254', false, false],
  ['fe80::1', true, false],
  ['2606:4700::1111', true, true],
  ['::ffff:127.0.0.1', true, false],
  ['::ffff:7f00:1', true, false],
  ['::ffff:169.254.169.254', false, false],
  ['::ffff:8.8.8.8', true, true],
  ['64:ff9b::a9fe:a9fe', false, false],
  ['64:ff9b::10.0.0.1', true, false],
  ['2002:7f00:1::', true, false],
  ['169.254.170.23', false, false],
  ['168.63.129.16', false, false],
  ['192.0.0.192', false, false],
  ['fd20:ce::254', false, false],
  ['::ffff:0:169.254.169.254', false, false],
  ['::ffff:0:10.0.0.1', true, false],
  ['64:ff9b:1::a9fe:a9fe', false, false],
  ['64:ff9b:1::8.8.8.8', true, false],
  ['::10.0.0.1', true, false],
  ['fe80::1%eth0', true, false],
  ['not an address', false, false],
] as const)('%s may be reached: inside the company %s, from the open internet %s', ([address, privately, openly]) => {
  expect(mayReach(address, true)).toBe(privately)
  expect(mayReach(address, false)).toBe(openly)
})
