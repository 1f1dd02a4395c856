import { expect, onTestFinished, test } from 'vitest'
import { createChart } from './create-chart.ts'
import { renderer } from './server.ts'
import { callTool, pixelsOf } from './testing.ts'

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
])('a $type chart is drawn at the requested size', async (encoding) => {
  const answer = await callTool(createChart, { ...encoding, data: sales, width: 500, height: 300 })

  const pixels = pixelsOf(answer)
  expect([pixels.width, pixels.height]).toEqual([500, 300])
  expect(pixels.countInk()).toBeGreaterThan(500)
  expect(answer.structuredContent).toEqual({ width: 500, height: 300 })
})

test('rows in the form of a query answer, with column objects and numbers as text, give the same chart as objects', async () => {
  const wanted = { type: 'bar', x: 'city', y: 'total' }
  const listed = await callTool(createChart, {
    ...wanted,
    columns: [{ name: 'city', type: 'text' }, 'total'],
    rows: [
      ['Bakı', '10.5'],
      ['Şəki', '4'],
    ],
  })
  const objects = await callTool(createChart, {
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
  ['Thai', 'ยอดขายรายเดือน ล้านบาท'],
  ['Hindi', 'मासिक बिक्री लाख रुपये'],
  ['Georgian', 'გაყიდვები თვეების მიხედვით, ₾'],
])('every letter of a %s title is drawn', async ([, title]) => {
  const wanted = { type: 'bar', data: [{ a: 'x', b: 1 }], x: 'a', y: 'b', height: 200 }
  const boxes = '\u{10FFFD}'.repeat(title?.length ?? 0) // no font has this character: an empty box is drawn
  const [named, bare, boxed] = [
    pixelsOf(await callTool(createChart, { ...wanted, title })),
    pixelsOf(await callTool(createChart, { ...wanted, title: '.' })),
    pixelsOf(await callTool(createChart, { ...wanted, title: boxes })),
  ]

  const ofTitle = (pixels: typeof named) => pixels.countInk(0, 0, pixels.width, 34)
  expect(ofTitle(named)).toBeGreaterThan(ofTitle(bare) + 300)
  expect(ofTitle(named)).not.toBe(ofTitle(boxed))
})

test('the format svg answers with text, the format spec with a spec that holds its rows', async () => {
  const wanted = { type: 'bar', data: [{ a: 'Gəncə', b: 1 }], x: 'a', y: 'b' }
  const svg = await callTool(createChart, { ...wanted, format: 'svg' })
  const spec = await callTool(createChart, { ...wanted, format: 'spec' })

  expect(svg.content[1]).toMatchObject({ type: 'text', text: expect.stringMatching(/^<svg.*>Gəncə<.*<\/svg>$/s) as string })
  const text = spec.content[1]?.type === 'text' ? spec.content[1].text : ''
  expect(JSON.parse(text)).toMatchObject({ mark: 'bar', data: { values: [{ x: 'Gəncə', value: 1 }] } })
})

test('a column may have any name', async () => {
  const data = [{ 'a.b["c"]': 'x', __proto__: 1, constructor: 2 }]
  const answer = await callTool(createChart, { type: 'bar', data, x: 'a.b["c"]', y: 'constructor' })

  expect(pixelsOf(answer).countInk()).toBeGreaterThan(1000)
})

test('rows with the same x are summed, and the answer says so', async () => {
  const data = [1, 2, 3].map((n) => ({ a: 'x', b: n }))
  const summed = await callTool(createChart, { type: 'bar', data, x: 'a', y: 'b' })
  const asked = await callTool(createChart, { type: 'bar', data, x: 'a', y: 'b', aggregate: 'max' })

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
] as const)('%j is refused with a message', async ([args, message, hint]) => {
  await expect(callTool(createChart, args)).rejects.toMatchObject({ code: 'invalid_input', message, hint })
})

test('an invalid argument is named in the error', async () => {
  await expect(callTool(createChart, { type: 'radar', x: 1, width: 1e9 })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringMatching(/type.*x.*width|x.*type|width/s) as string,
  })
})

test('more rows than a chart may have are refused before anything is drawn', async () => {
  const rows = Array.from({ length: 20_001 }, (_, i) => [i])
  await expect(callTool(createChart, { type: 'histogram', columns: ['n'], rows, x: 'n' })).rejects.toMatchObject({
    code: 'too_large',
    message: '20001 rows; at most 20000.',
  })
})

test('a chart with the greatest allowed number of rows is drawn', async () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => [i, (i * 7919) % 1000])
  const answer = await callTool(createChart, { type: 'scatter', columns: ['a', 'b'], rows, x: 'a', y: 'b' })

  expect(pixelsOf(answer).countInk()).toBeGreaterThan(10_000)
})

/** The text marks of a chart as svg, in their order. */
async function textsOf(args: object): Promise<string[]> {
  const answer = await callTool(createChart, { ...args, format: 'svg' })
  const svg = answer.content[1]?.type === 'text' ? answer.content[1].text : ''
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text)
}

const dates = [
  { d: '2024-12-31', v: 1 },
  { d: '2025-01-01', v: 2 },
]
test.for([
  { type: 'bar', x: 'd', y: 'v' },
  { type: 'pie', x: 'd', y: 'v' },
  { type: 'boxplot', x: 'd', y: 'v' },
  { type: 'heatmap', x: 'd', y: 'd', series: 'v' },
  { type: 'bar', x: 'v', y: 'v', series: 'd' },
  { type: 'line', x: 'v', y: 'v', series: 'd' },
  { type: 'scatter', x: 'v', y: 'v', series: 'd' },
  { type: 'histogram', x: 'v', series: 'd' },
  { type: 'boxplot', x: 'v', y: 'v', series: 'd' },
])('dates are written as dates: $type', async (encoding) => {
  const texts = await textsOf({ ...encoding, data: dates })
  expect(texts).toEqual(expect.arrayContaining(['2024-12-31', '2025-01-01']))
})

test.for([
  [['9007199254740992', '9007199254740993'], 'bar'],
  [['02134', '2134'], 'bar'],
  [['02134', '2134'], 'pie'],
] as const)('ids %j have a place each: %s', async ([[one, other], type]) => {
  const data = [
    { id: one, v: 1 },
    { id: other, v: 2 },
  ]
  const answer = await callTool(createChart, { type, data, x: 'id', y: 'v', format: 'spec' })
  const spec = JSON.parse(answer.content[1]?.type === 'text' ? answer.content[1].text : '{}') as { data: { values: { x: string }[] } }
  expect(spec.data.values.map(({ x }) => x).toSorted()).toEqual([one, other])
  expect(await textsOf({ type, data, x: 'id', y: 'v' })).toEqual(expect.arrayContaining([one, other]))
})

test.for([
  [[{ id: 2 ** 53, v: 1 }], '"id" holds whole numbers above 2^53, which JSON numbers cannot tell apart. Send them as text.'],
  [[{ id: 2 ** 53 - 1, v: 1 }], undefined],
] as const)('%j: ids that JSON numbers have merged already are reported', async ([data, note]) => {
  const answer = await callTool(createChart, { type: 'bar', data, x: 'id', y: 'v' })
  expect(answer.content[0]).toMatchObject({ text: ['bar chart of 1 row, 800 × 480 px.', note].filter(Boolean).join('\n') })
})

test('a column name that is there twice is reported', async () => {
  const answer = await callTool(createChart, { type: 'bar', columns: ['a', 'b', 'a'], rows: [['x', 1, 'y']], x: 'a', y: 'b' })
  expect(answer.content[0]).toMatchObject({
    text: 'bar chart of 1 row, 800 × 480 px.\nThere is more than one column "a"; the first is drawn.',
  })
})

test('times are shown as the clock of the wanted zone shows them', async () => {
  const wanted = { type: 'bar', data: [{ t: '2024-01-01T21:00:00Z', v: 1 }], x: 't', y: 'v' }
  expect(await textsOf(wanted)).toContain('2024-01-01 21:00')
  expect(await textsOf({ ...wanted, timezone: 'Asia/Baku' })).toContain('2024-01-02 01:00')
  await expect(callTool(createChart, { ...wanted, timezone: '+04:00' })).rejects.toMatchObject({
    code: 'invalid_input',
    message: 'The argument timezone "+04:00" is no time zone; give a name of the IANA database, such as Asia/Baku or UTC.',
  })
})

test('the hour that a clock shows twice is two points of a line and two bars', async () => {
  const data = [5, 6].map((hour) => ({ t: `2024-11-03T0${hour}:30:00Z`, v: 10 }))
  const wanted = { data, x: 't', y: 'v', timezone: 'America/New_York' }
  expect(await textsOf({ ...wanted, type: 'bar' })).toEqual(expect.arrayContaining(['2024-11-03 00:30', '2024-11-03 01:30']))
  const answer = await callTool(createChart, { ...wanted, type: 'line', format: 'spec' })
  const [sentence, spec] = answer.content.map((block) => (block.type === 'text' ? block.text : ''))
  expect((JSON.parse(spec ?? '') as { data: { values: { value: number }[] } }).data.values.map(({ value }) => value)).toEqual([10, 10])
  expect(sentence).toContain('so all its times are drawn in UTC−05:00.')
})

test('a line has a gap where there is no value, and the answer says so', async () => {
  const data = [1, 2, null, 4, 5].map((v, i) => ({ d: `2024-01-0${i + 1}`, v }))
  const answer = await callTool(createChart, { type: 'line', data, x: 'd', y: 'v', format: 'svg' })

  const [sentence, svg] = answer.content.map((block) => (block.type === 'text' ? block.text : ''))
  expect(sentence).toContain('\nThere is a gap at one place without a value.')
  const [, path = ''] = /class="mark-line[^>]*>.*? d="([^"]*)"/s.exec(svg ?? '') ?? []
  expect(path.split('M').filter(Boolean)).toHaveLength(2)
})

const readSpec = async (args: object) => {
  const answer = await callTool(createChart, { ...args, format: 'spec' })
  const [, spec] = answer.content.map((block) => (block.type === 'text' ? block.text : ''))
  return JSON.parse(spec ?? '') as { data: { values: { series: unknown }[] }; encoding: Record<string, { sort?: unknown }> }
}

test.for(['line', 'area', 'bar', 'scatter', 'boxplot'])(
  '%s: rows without a series are not one with the series "null" or "(none)"',
  async (type) => {
    const data = [null, 'null', '(none)', 'a'].flatMap((s) => [1, 2].map((k) => ({ k, v: k, s })))
    const { data: drawn } = await readSpec({ type, data, x: 'k', y: 'v', series: 's' })
    expect([...new Set(drawn.values.map(({ series }) => series))]).toEqual(['((none))', 'null', '(none)', 'a'])
  },
)

test.for([
  ['heatmap', ['x', 'y']],
  ['boxplot', ['x', 'color']],
  ['line', ['color']],
] as const)('%s: dates as names are in order of time', async ([type, channels]) => {
  const days = ['2024-03-01', '2024-01-01', '2024-02-01T10:00']
  const sorted = ['2024-01-01', '2024-02-01 10:00', '2024-03-01']
  const data = days.map((d, v) => ({ d, v }))
  const { encoding } = await readSpec({
    type,
    data,
    x: type === 'line' ? 'v' : 'd',
    y: type === 'heatmap' ? 'd' : 'v',
    series: type === 'heatmap' ? 'v' : 'd',
  })
  for (const channel of channels) expect(encoding[channel]?.sort, channel).toEqual(sorted)
})

test('scatter says which ids above 2^53 it draws as one', async () => {
  const data = ['9007199254740993', '9007199254740992'].map((id, v) => ({ id, v }))
  const [sentence] = (await callTool(createChart, { type: 'scatter', data, x: 'id', y: 'v' })).content
  expect(sentence).toMatchObject({
    text: expect.stringContaining('draws some that differ, such as 9007199254740993 and 9007199254740992, as one.') as string,
  })
})

test('a chart so small that its labels leave no room is refused', async () => {
  const data = ['one', 'two'].map((n, v) => ({ k: `International Bank ${n}`, v: v + 1 }))
  const small = { type: 'bar', data, x: 'k', y: 'v', width: 120, height: 120 }
  await expect(callTool(createChart, small)).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('The chart is too small: its labels leave ') as string,
    hint: 'Set a larger width and height, or shorter names.',
  })
  expect(pixelsOf(await callTool(createChart, { ...small, width: 400, height: 300 })).countInk()).toBeGreaterThan(1_000)
})

test.for([
  { type: 'area', data: [5, null, 9, null, 2].map((v, k) => ({ k, v })), dots: 3 },
  { type: 'line', data: [...Array.from({ length: 60 }, (_, k) => ({ k, v: k, s: 'a' })), { k: 9, v: 1, s: 'b' }], series: 's', dots: 1 },
])('$type: a point without neighbours is a dot', async ({ dots, ...encoding }) => {
  const answer = await callTool(createChart, { ...encoding, x: 'k', y: 'v', format: 'svg' })
  const svg = answer.content[1]?.type === 'text' ? answer.content[1].text : ''
  const centres = [...svg.matchAll(/<g class="mark-symbol role-mark[^>]*>(.*?)<\/g>/gs)].flatMap(([, paths = '']) => [
    ...paths.matchAll(/translate\(([^)]*)\)/g),
  ])
  expect(new Set(centres.map(([, centre]) => centre)).size).toBe(dots)
})

test('every series has a colour of its own, up to as many as a chart may have; beyond ten lines have dashes', async () => {
  const data = Array.from({ length: 40 }, (_, i) => ({ d: i >> 1 < 20 ? i % 2 : 0, s: `Branch ${i >> 1}`, v: i }))
  const svg = await callTool(createChart, { type: 'line', data, x: 'd', y: 'v', series: 's', format: 'svg' })
  const text = svg.content[1]?.type === 'text' ? svg.content[1].text : ''
  const lines = [...text.matchAll(/aria-roledescription="line mark"[^>]*stroke="([^"]*)"[^>]*?(?:stroke-dasharray="([^"]*)")?[^>]*>/g)]

  expect(new Set(lines.map(([, color]) => color)).size).toBe(20)
  expect(text.match(/aria-roledescription="line mark"[^>]*stroke-dasharray="7,4"/g)).toHaveLength(10)
})

test.for([
  [1.2e16, '10,000T'],
  [5e18, '4e+18'],
  [2_500_000_000, '2B'],
] as const)('a scale up to %d has a label that people read: %s', async ([v, label]) => {
  expect(await textsOf({ type: 'bar', data: [{ a: 'x', v }], x: 'a', y: 'v' })).toContain(label)
})

test('a column of nulls is refused with what is true of it', async () => {
  const data = [{ a: 'x', b: null }]
  await expect(callTool(createChart, { type: 'bar', data, x: 'a', y: 'b' })).rejects.toMatchObject({
    code: 'invalid_input',
    message: 'y needs a column of numbers; every value of "b" is null.',
  })
})

test('signs of currencies and emoji are drawn, and do not look like a box', async () => {
  const titleInk = async (title: string) => {
    const pixels = pixelsOf(await callTool(createChart, { type: 'bar', data: [{ a: 'x', b: 1 }], x: 'a', y: 'b', height: 200, title }))
    return pixels.countInk(0, 0, pixels.width, 40)
  }
  const box = await titleInk('\u{10FFFD}')
  for (const sign of ['₼', '₾', '₸', '😀', '👍🏽', '🇦🇿']) {
    const ink = await titleInk(sign)
    expect(ink, sign).toBeGreaterThan(20)
    expect(ink, sign).not.toBe(box)
  }
})

test('characters that no font has are named in the answer', async () => {
  const wanted = { type: 'bar', data: [{ a: 'x\u0378\u0379', b: 1 }], x: 'a', y: 'b', title: 'x' }
  const [sentence] = (await callTool(createChart, wanted)).content
  expect(sentence).toMatchObject({
    text: expect.stringContaining('No font has these characters, so the image shows boxes: ') as string,
  })
  expect(sentence).toMatchObject({ text: expect.stringContaining('\u0378 (U+0378) \u0379 (U+0379)') as string })
  expect((await callTool(createChart, { ...wanted, format: 'svg' })).content[0]).toMatchObject({
    text: 'bar chart of 1 row, 800 × 480 px.',
  })
})

test('long names have room, and those with the same beginning differ', async () => {
  const names = Array.from({ length: 14 }, (_, i) => `Department of very long name for the affairs of region ${i}`)
  for (const type of ['bar', 'boxplot'] as const) {
    const data = names.map((name, i) => ({ name, v: i + 1 }))
    const texts = (await textsOf({ type, data, x: 'name', y: 'v' })).filter((text) => text.startsWith('Depart'))
    expect(new Set(texts).size).toBe(names.length)
    expect(texts[13]).toMatch(/^Department .*…?.* 13$/)
  }
})

test('the entry in tools/list is small', () => {
  onTestFinished(() => renderer.close())
  expect(JSON.stringify(createChart.entry).length).toBeLessThanOrEqual(1_200)
})
