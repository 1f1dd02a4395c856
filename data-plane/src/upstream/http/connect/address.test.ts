import { expect, test } from 'vitest'
import { hostFault } from './address.ts'

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
