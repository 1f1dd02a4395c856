import { parse } from 'graphql'
import { expect, test } from 'vitest'
import { refuseDeepNesting } from './nesting.ts'

const lists = (depth: number) => `{ a(x: ${'['.repeat(depth)}${']'.repeat(depth)}) }`

test.for([
  ['lists', lists(126), lists(127)],
  ['lists without an end', `{ a(x: ${'['.repeat(126)}`, `{ a(x: ${'['.repeat(5000)}`],
  ['fields', '{a'.repeat(128), '{a'.repeat(129)],
  ['types', `query ($x: ${'['.repeat(127)}`, `query ($x: ${'['.repeat(128)}`],
  ['brackets behind a string', `{ a(x: "\\"" y: ${'['.repeat(126)}`, `{ a(x: "\\"" y: ${'['.repeat(127)}`],
  ['brackets behind a block string', `{ a(x: """\\"""""" y: ${'['.repeat(126)}`, `{ a(x: """\\"""""" y: ${'['.repeat(127)}`],
  ['brackets behind a comment', `{ #"\n a(x: ${'['.repeat(126)}`, `{ #"\n a(x: ${'['.repeat(127)}`],
] as const)('the brackets of a query nest at most 128 deep: %s', ([, good, bad]) => {
  expect(() => refuseDeepNesting(good)).not.toThrow()
  expect(() => refuseDeepNesting(bad)).toThrow('nest more than 128 deep')
})

test.for([
  ['a string', `{ a(x: "${'[{('.repeat(500)} \\" [") }`],
  ['an empty string', `{ a(x: "", y: "${'['.repeat(500)}") }`],
  ['a block string', `{ a(x: """${'[{('.repeat(500)} " "" \\""" [\n[""") }`],
  ['a comment', `{ a # ${'[{('.repeat(500)} "\n }`],
] as const)('brackets in %s do not nest', ([, query]) => {
  expect(() => parse(query)).not.toThrow()
  expect(() => refuseDeepNesting(query)).not.toThrow()
})
