import { expect, test } from 'vitest'
import { hostFault, mayReach } from './address.ts'

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

const cloud = "is where a cloud hands out a machine's credentials: no server is reached there"
const inside = 'is not of the open internet: say privateNetwork: true if the server is inside the company'

test.for([
  ['http://2130706433/mcp', '127.0.0.1'],
  ['http://0177.0.0.1/mcp', '127.0.0.1'],
  ['http://0x7f.1/mcp', '127.0.0.1'],
  ['http://10.1/mcp', '10.0.0.1'],
  ['http://0/mcp', '0.0.0.0'],
  ['http://[::]:3001/mcp', '::'],
  ['http://[::ffff:10.0.0.1]/mcp', '::ffff:a00:1'],
  ['http://[0:0:0:0:0:0:0:1]/mcp', '::1'],
  ['http://localhost/mcp', 'localhost'],
  ['http://LOCALHOST./mcp', 'localhost'],
  ['http://api.localhost/mcp', 'api.localhost'],
] as const)('%s is no address of the open internet, however it is written', ([url, host]) => {
  expect(hostFault(url, false)).toBe(`${host} ${inside}`)
  expect(hostFault(url, true)).toBeUndefined()
})

test.for([
  ['http://169.254.169.254/latest', '169.254.169.254'],
  ['http://2852039166/latest', '169.254.169.254'],
  ['http://[::ffff:169.254.169.254]/', '::ffff:a9fe:a9fe'],
  ['http://[fd00:ec2::254]/', 'fd00:ec2::254'],
] as const)('%s is never a server, private networks allowed or not', ([url, host]) => {
  for (const privateNetwork of [true, false]) expect(hostFault(url, privateNetwork)).toBe(`${host} ${cloud}`)
})

test.for(['https://tools.example.com/mcp', 'https://8.8.8.8/mcp', 'http://[2606:4700::1111]/mcp'])('%s may be registered', (url) => {
  expect(hostFault(url, false)).toBeUndefined()
})
