import fc from 'fast-check'

const numbers = fc.constantFrom(
  '0',
  '-0',
  '1.0',
  '1E+2',
  '1e400',
  '-1e-400',
  '12345678901234567890',
  '9007199254740993',
  '0.10',
  '3.141592653589793238',
)
const strings = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }).map((one) => JSON.stringify(one)),
  fc.constantFrom('"\\/"', '"\\u0041"', '"\\ud800"', '"\\u2028\u2028"', '"\\u0000"', '"\\ud83d\\ude00"', '"data: x\\n\\n"'),
)
const scalars = fc.oneof(numbers, strings, fc.constantFrom('null', 'true', 'false'))
const keys = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'x-vendor/key'),
)

/**
 * Any JSON text that a server may write: numbers that JavaScript cannot hold, escapes where none is needed,
 * and names that every object has already.
 */
export const { value: anyJson } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalars, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[ ${items.join(' ,')}]`),
  object: fc.uniqueArray(fc.tuple(keys, tie('value')), { maxLength: 4, selector: ([key]) => key }).map(objectOf),
}))

/** Members, one a line. */
export function objectOf(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, value]) => `${JSON.stringify(key)} : ${value}`).join(',\n ')}}`
}

/** Parses JSON and keeps the digits of each number. Objects become maps, because a member `__proto__` would be lost. */
export function read(json: string): unknown {
  const numbersOf = (_: string, value: unknown, { source }: { source?: string }) => (typeof value === 'number' ? `number ${source}` : value)
  return paired(JSON.parse(json, numbersOf as (key: string, value: unknown) => unknown))
}

function paired(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(paired)
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([key, inner]) => [key, paired(inner)]))
}

/** Members of any name that no protocol has. */
export const members = (max: number): fc.Arbitrary<(readonly [string, string])[]> =>
  fc.uniqueArray(fc.tuple(keys, anyJson), { maxLength: max, selector: ([key]) => key })

export const anyObject = members(4).map(objectOf)
