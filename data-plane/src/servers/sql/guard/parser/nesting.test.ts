import { expect, test } from 'vitest'
import { nestsTooDeep } from './nesting.ts'

const open = (count: number) => '('.repeat(count)

test.for([
  ['deep brackets', open(201)],
  ['brackets of arrays', `select array${'['.repeat(201)}1`],
  ['brackets of both kinds', 'array[('.repeat(101)],
  ['brackets around texts that hold closing ones', `select ${"(')' || ".repeat(201)}`],
  ['brackets after a text with a doubled quote', `select 'it''s', ${open(201)}`],
  ['brackets after an escaped quote', String.raw`select E'\'', ${open(201)}`],
  ['brackets after a plain text that ends with a backslash', String.raw`select 'a\', ${open(201)}`],
  ['brackets after a text in dollars', `select $a$ ' $b$ " $a$, ${open(201)}`],
  ['brackets after a comment', `/* ' /* " */ */ select -- '\n ${open(201)}`],
  ['brackets after a quoted name', `select "it's", ${open(201)}`],
  ['brackets beside parameters', `select $1 + ${open(201)} $1`],
] as const)('%s nest too deep', ([, text]) => {
  expect(nestsTooDeep(text)).toBe(true)
})

test.for([
  ['brackets up to the bound', open(200)],
  ['many brackets beside each other', 'f(a[1])'.repeat(2_000)],
  ['brackets in texts', `select '${open(999)}', E'\\'${open(999)}', $$${open(999)}$$, $a$${open(999)}$a$`],
  ['brackets in a quoted name', `select "${open(999)}"`],
  ['brackets in comments', `select 1 -- ${open(999)}\n + 1 /* ${open(999)} */`],
  ['brackets in a text that does not end', `select '${open(999)}`],
  ['brackets in a comment that does not end', `select /* ${open(999)}`],
] as const)('%s do not', ([, text]) => {
  expect(nestsTooDeep(text)).toBe(false)
})
