import { expect, test } from 'vitest'
import { readStartConfig } from './config.ts'
import { StartFault } from './base/fault.ts'

test('a file that cannot be read stops the start with one sentence', () => {
  const start = () => readStartConfig({ BIR_PORT_FILE: '/nowhere/port' })
  expect(start).toThrow(StartFault)
  expect(start).toThrow('BIR_PORT_FILE names /nowhere/port, which cannot be read.')
})

test('a setting with a fault is named as its environment variable', () => {
  expect(() => readStartConfig({ BIR_CONTROL_PORT: 'high' })).toThrow('BIR_CONTROL_PORT: must be a port number')
})
