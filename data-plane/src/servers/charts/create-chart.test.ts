import { expect, onTestFinished, test } from 'vitest'
import { createChart } from './create-chart.ts'
import { renderer } from './server.ts'
import { called, pixelsOf } from './testing.ts'

const months = Array.from({ length: 12 }, (_, i) => `2024-${String(i + 1).padStart(2, '0')}-01`)
const sales = months.flatMap((month, i) =>
  ['AZN', 'EUR'].map((currency, j) => ({ month, currency, amount: 1000 * (j + 1) + 100 * i, hour: i % 6 })),
)

test.for([
  { type: 'bar', x: 'month', y: 'amount' },
  { type: 'bar', x: 'currency', y: 'amount', series: 'hour', aggregate: 'mean' },
  { type: 'line', x: 'month', y: 'amount', series: 'currency' },
  { type: 'area', x: 'month', y: 'amount', series: 'currency' },
  { type: 'scatter', x: 'hour', y: 'amount', series: 'currency' },
  { type: 'pie', x: 'currency', y: 'amount' },
  { type: 'histogram', x: 'amount' },
  { type: 'heatmap', x: 'hour', y: 'currency', series: 'amount' },
  { type: 'boxplot', x: 'currency', y: 'amount' },
])('a $type chart is drawn at the size that was asked for', async (wanted) => {
  const answer = await called(createChart, { ...wanted, data: sales, width: 500, height: 300 })

  const pixels = pixelsOf(answer)
  expect([pixels.width, pixels.height]).toEqual([500, 300])
  expect(pixels.inked()).toBeGreaterThan(500)
  expect(answer.structuredContent).toEqual({ width: 500, height: 300 })
})

test('rows as a query answers them, with named columns and numbers as text, give the same chart as objects', async () => {
  const wanted = { type: 'bar', x: 'city', y: 'total' }
  const listed = await called(createChart, {
    ...wanted,
    columns: [{ name: 'city', type: 'text' }, 'total'],
    rows: [
      ['Bakı', '10.5'],
      ['Şəki', '4'],
    ],
  })
  const objects = await called(createChart, {
    ...wanted,
    data: [
      { city: 'Bakı', total: 10.5 },
      { city: 'Şəki', total: 4 },
    ],
  })

  expect(listed.content).toEqual(objects.content)
})

test.for([
  ['Latin', 'Quarterly report'],
  ['Azerbaijani', 'Əmanətlər, gəlir və şöbə: ığüşöçİ'],
  ['Cyrillic', 'Крупнейшие клиенты'],
])('a %s title is really drawn, letter by letter', async ([, title]) => {
  const wanted = { type: 'bar', data: [{ a: 'x', b: 1 }], x: 'a', y: 'b', height: 200 }
  const boxes = '\u{10FFFD}'.repeat(title?.length ?? 0) // no font has it: drawn as empty boxes
  const [named, bare, boxed] = [
    pixelsOf(await called(createChart, { ...wanted, title })),
    pixelsOf(await called(createChart, { ...wanted, title: '.' })),
    pixelsOf(await called(createChart, { ...wanted, title: boxes })),
  ]

  const ofTitle = (pixels: typeof named) => pixels.inked(0, 0, pixels.width, 34)
  expect(ofTitle(named)).toBeGreaterThan(ofTitle(bare) + 300)
  expect(ofTitle(named)).not.toBe(ofTitle(boxed))
})

test('svg comes as text, spec comes with its rows in it', async () => {
  const wanted = { type: 'bar', data: [{ a: 'Gəncə', b: 1 }], x: 'a', y: 'b' }
  const svg = await called(createChart, { ...wanted, format: 'svg' })
  const spec = await called(createChart, { ...wanted, format: 'spec' })

  expect(svg.content[1]).toMatchObject({ type: 'text', text: expect.stringMatching(/^<svg.*>Gəncə<.*<\/svg>$/s) as string })
  const text = spec.content[1]?.type === 'text' ? spec.content[1].text : ''
  expect(JSON.parse(text)).toMatchObject({ mark: 'bar', data: { values: [{ x: 'Gəncə', value: 1 }] } })
})

test('a column may have any name', async () => {
  const data = [{ 'a.b["c"]': 'x', __proto__: 1, constructor: 2 }]
  const answer = await called(createChart, { type: 'bar', data, x: 'a.b["c"]', y: 'constructor' })

  expect(pixelsOf(answer).inked()).toBeGreaterThan(1000)
})

test('rows that share a place are summed, and the answer says so', async () => {
  const data = [1, 2, 3].map((n) => ({ a: 'x', b: n }))
  const summed = await called(createChart, { type: 'bar', data, x: 'a', y: 'b' })
  const asked = await called(createChart, { type: 'bar', data, x: 'a', y: 'b', aggregate: 'max' })

  expect(summed.content[0]).toMatchObject({ text: 'bar chart of 3 rows, 800 × 480 px.\nRows that share x were summed.' })
  expect(asked.content[0]).toMatchObject({ text: 'bar chart of 3 rows, 800 × 480 px.' })
})

const data = [{ city: 'Bakı', total: 'many', n: 1 }]
test.for([
  [{ type: 'bar', data, x: 'town', y: 'n' }, 'x names no column: "town".', 'The columns are: city, total, n.'],
  [{ type: 'bar', data, x: 'city', y: 'total' }, 'y needs a column of numbers; "total" holds "many".', 'The columns are: city, total, n.'],
  [{ type: 'scatter', data, x: 'n' }, 'y is missing: a scatter chart sets one column of numbers against another.', undefined],
  [{ type: 'bar', x: 'n' }, 'data is missing: a list of objects, or columns and rows as a query answers them.', undefined],
  [{ type: 'bar', data: [], x: 'n' }, 'data is empty: there is nothing to draw.', undefined],
  [{ type: 'bar', rows: [[1]], x: 'n' }, 'columns is missing: the names of the columns of rows, in their order.', undefined],
  [{ type: 'bar', columns: ['n'], rows: [[1], [1, 2]], x: 'n' }, 'rows [1] has 2 values for 1 columns.', undefined],
  [{ type: 'pie', data: [{ a: 'x', n: -1 }], x: 'a', y: 'n' }, 'y holds negative numbers; a pie shows parts of a whole.', 'Use type bar.'],
] as const)('%j is refused in words', async ([args, message, hint]) => {
  await expect(called(createChart, args)).rejects.toMatchObject({ code: 'invalid_input', message, hint })
})

test('what is no argument at all names the argument', async () => {
  await expect(called(createChart, { type: 'radar', x: 1, width: 1e9 })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringMatching(/type.*x.*width|x.*type|width/s) as string,
  })
})

test('more rows than a chart may have are refused before they are read', async () => {
  const rows = Array.from({ length: 20_001 }, (_, i) => [i])
  await expect(called(createChart, { type: 'histogram', columns: ['n'], rows, x: 'n' })).rejects.toMatchObject({
    code: 'too_large',
    message: '20001 rows; at most 20000.',
  })
})

test('as many rows as a chart may have are drawn', async () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => [i, (i * 7919) % 1000])
  const answer = await called(createChart, { type: 'scatter', columns: ['a', 'b'], rows, x: 'a', y: 'b' })

  expect(pixelsOf(answer).inked()).toBeGreaterThan(10_000)
})

test('its entry in the list is small', () => {
  onTestFinished(() => renderer.close())
  expect(JSON.stringify(createChart.entry).length).toBeLessThanOrEqual(1_200)
})
