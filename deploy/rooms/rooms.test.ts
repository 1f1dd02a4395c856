import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { circleFaults, roomFaults, sizeFaults, testImportFaults } from './faults.ts'
import { importsIn, readSourceFiles } from './read-imports.ts'
import type { SourceFile } from './read-imports.ts'
import { DATA_PLANE_ROOMS, LARGE_FOLDERS } from './rooms.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const packages = ['sdk/src', 'db/src', 'control-plane/src', 'data-plane/src', 'portal/src', 'deploy']

test('every import of the data plane goes to a room in a lower line', () => {
  expect(roomFaults(readSourceFiles(`${repository}/data-plane/src`), DATA_PLANE_ROOMS)).toEqual([])
})

test.for(packages)('in %s folders import each other in no circle, types counted', (src) => {
  expect(circleFaults(readSourceFiles(`${repository}/${src}`))).toEqual([])
})

test.for(packages)('in %s a folder holds no more files than a newcomer overlooks', (src) => {
  expect(sizeFaults(src, readSourceFiles(`${repository}/${src}`), LARGE_FOLDERS)).toEqual([])
})

test.for(packages.filter((src) => src !== 'deploy'))('in %s nothing but tests imports what only tests use', (src) => {
  expect(testImportFaults(readSourceFiles(`${repository}/${src}`))).toEqual([])
})

test.for(packages)('in %s no file imports its own package by its name, which would hide the arrow', (src) => {
  const manifest = JSON.parse(readFileSync(`${repository}/${src.replace(/\/src$/, '')}/package.json`, 'utf8')) as { name: string }
  const hidesArrow = ({ path, isTest }: SourceFile) =>
    !isTest &&
    importsIn(readFileSync(`${repository}/${src}/${path}`, 'utf8')).some((specifier) => specifier.startsWith(`${manifest.name}/`))
  expect(readSourceFiles(`${repository}/${src}`).filter(hidesArrow)).toEqual([])
})

test('an import is found in whatever way it is written', () => {
  const source = [
    "import type { A } from './a.ts'",
    "/* why */ export * from './b.ts'",
    "import {\n  C,\n} from '../c.ts'",
    "import './d.ts'",
    "type E = import('./e.ts').E",
    'const f = await import(`./f.ts`)',
    'import { G } from "./g.ts"',
  ]
  expect(importsIn(source.join('\n'))).toEqual(['./a.ts', './b.ts', '../c.ts', './d.ts', './e.ts', './f.ts', './g.ts'])
})

test('CONTRIBUTING.md draws the rooms as they are', () => {
  const contributing = readFileSync(`${repository}/CONTRIBUTING.md`, 'utf8')
  const drawn = /```rooms\n([^`]*)```/.exec(contributing)?.[1]?.trim().split('\n')
  expect(drawn).toEqual(DATA_PLANE_ROOMS.map(({ rooms, holds }) => `${rooms.join(' · ').padEnd(44)}${holds}`))
})

const file = (path: string, ...imports: string[]): SourceFile => ({ path, isTest: path.endsWith('.test.ts'), imports })

test('an import up the rooms, or beside them, is a fault with the way out', () => {
  const lines = [
    { rooms: ['top'], holds: '' },
    { rooms: ['left', 'right'], holds: '' },
  ]
  const faults = (...files: SourceFile[]) => roomFaults(files, lines)
  expect(faults(file('top/a.ts', 'left/b.ts', 'top/c.ts'))).toEqual([])
  expect(faults(file('left/a.ts', 'top/b.ts'))).toMatchObject([
    expect.stringContaining('left/ may import only from rooms in the lines below it'),
  ])
  expect(faults(file('left/a.ts', 'right/b.ts'))).toHaveLength(1)
  expect(faults(file('elsewhere/a.ts'))).toMatchObject([expect.stringContaining('lies in no room')])
})

test('a circle through three folders is found and written out', () => {
  const faults = circleFaults([file('a/x.ts', 'b/x.ts'), file('b/x.ts', 'c/x.ts'), file('c/x.ts', 'a/y.ts'), file('a/y.ts')])
  expect(faults).toMatchObject([expect.stringContaining('a → b → c → a')])
})

test('a test may import what it likes; a source may not import a test', () => {
  expect(circleFaults([file('a/x.test.ts', 'b/x.ts'), file('b/x.ts', 'a/y.ts'), file('a/y.ts')])).toEqual([])
  expect(testImportFaults([file('a/x.ts', 'a/y.test.ts'), file('a/y.test.ts')])).toHaveLength(1)
})

test('a folder of thirteen files is a fault', () => {
  const files = Array.from({ length: 13 }, (_, at) => file(`a/${at}.ts`))
  expect(sizeFaults('x', files, [])).toHaveLength(1)
  expect(sizeFaults('x', files, ['x/a'])).toEqual([])
  expect(sizeFaults('x', files.slice(1), [])).toEqual([])
})
