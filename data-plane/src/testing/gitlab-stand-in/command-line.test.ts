import { expect, test } from 'vitest'
import { askedOf } from './command-line.ts'

test.for([
  [[], { port: 0, prefix: '' }],
  [['--port', '4100', '--prefix', '/gitlab'], { port: 4100, prefix: '/gitlab' }],
  [['--help'], 'help'],
  [['-h', '--port', 'x'], 'help'],
  [['--port', 'x'], 'wrong'],
  [['--port', '70000'], 'wrong'],
  [['--prefix', 'gitlab/'], 'wrong'],
  [['--nothing'], 'wrong'],
  [['word'], 'wrong'],
] as const)('%s asks for %s', ([args, asked]) => {
  expect(askedOf([...args])).toEqual(asked)
})
