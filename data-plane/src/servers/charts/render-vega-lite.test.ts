import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { renderVegaLite } from './render-vega-lite.ts'
import { renderer } from './server.ts'
import { callTool, pixelsOf } from './testing.ts'

afterAll(() => renderer.close())

const data = {
  values: [
    { a: 1, b: 28 },
    { a: 2, b: 55 },
  ],
}
const bars = { data, mark: 'bar', encoding: { x: { field: 'a', type: 'nominal' }, y: { field: 'b', type: 'quantitative' } } }
const computed = (calculate: string) => ({ ...bars, mark: 'text', transform: [{ calculate, as: 'c' }], encoding: { text: { field: 'c' } } })

test('a spec is drawn, as an object and as JSON text', async () => {
  const asObject = await callTool(renderVegaLite, { spec: bars })
  const asText = await callTool(renderVegaLite, { spec: JSON.stringify(bars) })

  expect(pixelsOf(asObject).countInk()).toBeGreaterThan(5_000)
  expect(asText).toEqual(asObject)
})

test.for([
  [
    'layers',
    {
      data,
      layer: [
        { mark: 'bar', encoding: bars.encoding },
        { mark: 'rule', encoding: { y: { datum: 40 } } },
      ],
    },
  ],
  ['facets', { ...bars, encoding: { ...bars.encoding, column: { field: 'a' } } }],
  ['a brush selection', { ...bars, params: [{ name: 'brush', select: 'interval' }] }],
  ['a point selection', { ...bars, params: [{ name: 'pick', select: 'point' }] }],
  ['transforms and expressions', { ...computed("format(datum.b, '.1f') + upper('x')") }],
] as const)('a spec with %s is drawn', async ([, spec]) => {
  expect(pixelsOf(await callTool(renderVegaLite, { spec })).countInk()).toBeGreaterThan(100)
})

test.for([
  ['rows at an address', { ...bars, data: { url: 'https://example.com/rows.json' } }, 'spec.data.url: nothing is loaded from addresses.'],
  ['rows in a file', { ...bars, data: { url: 'file:///etc/passwd' } }, 'spec.data.url: nothing is loaded from addresses.'],
  [
    'a look-up at an address',
    { ...bars, transform: [{ lookup: 'a', from: { key: 'a', data: { url: 'x.csv' } } }] },
    'spec.transform.0.from.data.url: nothing is loaded from addresses.',
  ],
  ['an image', { data, mark: 'image' }, 'spec.mark: images are not drawn.'],
  ['an image mark', { data, mark: { type: 'image' } }, 'spec.mark.type: images are not drawn.'],
  ['an image channel', { data, mark: 'point', encoding: { url: { field: 'a' } } }, 'spec.encoding.url: images are not drawn.'],
  [
    'paint from an address',
    { ...bars, mark: { type: 'bar', fill: { expr: "'ur' + 'l(http://example.com/x)'" } } },
    'spec: a chart may not refer to images, links or addresses.',
  ],
  ['no rows', { mark: 'bar' }, 'spec.data: the spec holds no rows.'],
  ['the language beneath', { ...bars, $schema: 'https://vega.github.io/schema/vega/v6.json' }, 'spec.$schema: this is a Vega spec.'],
  [
    'a prototype',
    JSON.parse('{"mark":"bar","data":{"values":[{"__proto__":{"a":1}}]}}') as object,
    'spec.data.values.0.__proto__: this name is not allowed.',
  ],
  [
    'a signal that waits for itself',
    {
      ...bars,
      params: [
        { name: 'p', expr: 'q' },
        { name: 'q', expr: 'p + 1' },
      ],
    },
    'spec: Cycle detected in dataflow graph.',
  ],
  ['code', computed("constructor.constructor('return process')()"), 'spec: Illegal callee type: CallExpression'],
  ['code by way of a row', computed("datum.constructor.constructor('return process')()"), 'spec: Illegal callee type: CallExpression'],
  ['the process', computed('process'), 'spec: Unrecognized signal name: "process"'],
] as const)('a spec with %s is refused with a message', async ([, spec, message]) => {
  await expect(callTool(renderVegaLite, { spec })).rejects.toMatchObject({ code: 'invalid_input', message })
})

test.for([
  ['width', { ...bars, width: 1e9 }, 'spec.width: 1000000000 px; at most 2000 px a side.'],
  ['a step', { ...bars, width: { step: 5000 } }, 'spec.width.step: 5000 px; at most 2000 px a side.'],
  ['letters', { ...bars, title: { text: 'x', fontSize: 1e5 } }, /^The chart would be .* px; at most 2000 px a side\.$/],
  ['rows', { ...bars, data: { values: Array.from({ length: 20_001 }, () => 1) } }, 'spec.data: 20001 rows; at most 20000.'],
  ['text', { ...bars, description: 'x'.repeat(2_000_001) }, /^spec: \d+ bytes; at most 2000000\.$/],
] as const)('too much of %s in a spec is refused with a message', async ([, spec, message]) => {
  await expect(callTool(renderVegaLite, { spec })).rejects.toMatchObject({
    code: 'too_large',
    message: expect.stringMatching(message) as string,
  })
})

test('very deep nesting is refused before any recursion', async () => {
  let deep: object = bars
  for (let i = 0; i < 100_000; i++) deep = { layer: [deep] }

  await expect(callTool(renderVegaLite, { spec: { data, layer: [deep] } })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('nests deeper than 64 levels') as string,
  })
})

test('a very long expression is an error of the spec', async () => {
  const spec = computed(`1${'+1'.repeat(100_000)}`)
  await expect(callTool(renderVegaLite, { spec })).rejects.toMatchObject({ code: 'invalid_input' })
})

test('a row may hold an address, and the drawing has no link', async () => {
  const values = [{ url: 'https://example.com', a: 1 }]
  const spec = {
    data: { values },
    title: 'url(http://example.com) <script>',
    mark: 'point',
    encoding: { x: { field: 'a' }, href: { field: 'url' } },
  }
  const answer = await callTool(renderVegaLite, { spec, format: 'svg' })

  const svg = answer.content[1]?.type === 'text' ? answer.content[1].text : ''
  expect(svg).toContain('url(http://example.com) &lt;script&gt;')
  expect(svg).not.toMatch(/href|<script/)
})

test('the answer warns of a field that the rows do not have, and names those they have', async () => {
  const answer = await callTool(renderVegaLite, { spec: { ...bars, encoding: { x: { field: 'town' } } } })
  expect(answer.content[0]).toMatchObject({ text: expect.stringContaining('The rows have no field "town"; they have: a, b.') as string })
})

const oneDate = {
  data: { values: [{ date: '2016-01-01', at: '2016-01-01T22:30:00Z' }] },
  mark: 'text',
  encoding: { text: { type: 'temporal', field: 'date' } },
}
test.for([
  ['a date', oneDate, undefined, 'Jan 01, 2016'],
  ['a month', { ...oneDate, encoding: { text: { field: 'date', type: 'temporal', timeUnit: 'yearmonth' } } }, undefined, 'Jan 2016'],
  ['an hour', { ...oneDate, encoding: { text: { field: 'at', type: 'temporal', timeUnit: 'hours' } } }, undefined, '22:00'],
  ['an hour', { ...oneDate, encoding: { text: { field: 'at', type: 'temporal', timeUnit: 'hours' } } }, 'Asia/Baku', '02:00'],
  ['an hour', { ...oneDate, encoding: { text: { field: 'at', type: 'temporal', timeUnit: 'hours' } } }, 'America/New_York', '17:00'],
] as const)('%s is shown by a clock of the wanted zone, whatever the zone of the machine: %o %s', async ([, spec, timezone, text]) => {
  vi.stubEnv('TZ', 'America/New_York')
  onTestFinished(() => void vi.unstubAllEnvs())
  const answer = await callTool(renderVegaLite, { spec, format: 'svg', ...(timezone && { timezone }) })
  expect(answer.content[1]).toMatchObject({ text: expect.stringContaining(`>${text}</text>`) as string })
})

test.for(['America/New_York', 'Asia/Baku', 'Pacific/Apia', 'UTC'])(
  'a date without a time is that day of the calendar in %s',
  async (timezone) => {
    const utc = { type: 'temporal', field: 'date', timeUnit: 'utcyearmonthdate' }
    for (const encoding of [oneDate.encoding, { text: utc }]) {
      const answer = await callTool(renderVegaLite, { spec: { ...oneDate, encoding }, format: 'svg', timezone })
      expect(answer.content[1]).toMatchObject({ text: expect.stringContaining('>Jan 01, 2016</text>') as string })
    }
  },
)

test('a date that does not exist is left out and named', async () => {
  const values = ['2024-02-28', '2024-02-30', 'soon', '2024-03-01'].map((d, v) => ({ d, v }))
  const encoding = { x: { field: 'd', type: 'temporal' }, y: { field: 'v', type: 'quantitative' } }
  const answer = await callTool(renderVegaLite, { spec: { data: { values }, mark: 'point', encoding }, format: 'svg' })
  const [sentence, svg] = answer.content.map((block) => (block.type === 'text' ? block.text : ''))
  expect(sentence).toContain('These are no dates, so their rows are left out: "2024-02-30", "soon".')
  expect(svg?.match(/aria-roledescription="point"/g)).toHaveLength(2)
  const later = await callTool(renderVegaLite, { spec: bars })
  expect(later.content[0]).toMatchObject({ text: expect.not.stringContaining('no dates') as string })
})

const svgOf = async (spec: object): Promise<string> => {
  const answer = await callTool(renderVegaLite, { spec, format: 'svg' })
  return answer.content[1]?.type === 'text' ? answer.content[1].text : ''
}
const named = (names: string[]) => ({ ...bars, data: { values: names.map((a, b) => ({ a, b })) } })

test('short names below a chart are level, long ones are turned, and those of a caller are as the caller wants', async () => {
  expect(await svgOf(named(['E', 'N', 'S', 'W']))).not.toContain('rotate(-40)')
  expect(await svgOf(named(['Branch number one', 'Branch number two']))).toContain('rotate(-40)')
  const upright = { ...bars.encoding, x: { ...bars.encoding.x, axis: { labelAngle: -90 } } }
  expect(await svgOf({ ...named(['Branch number one', 'Branch number two']), encoding: upright })).not.toContain('rotate(-40)')
})

test.for([
  ['#111', '#f5f7fa'],
  ['rgb(10, 20, 40)', '#f5f7fa'],
  ['navy', '#f5f7fa'],
  ['#fff', '#1f2933'],
  ['beige', '#1f2933'],
  ['transparent', '#1f2933'],
])('the title on the background %s is readable', async ([background, ink]) => {
  const title = /<text[^>]* fill="([^"]*)"[^>]*>Title<\/text>/
  expect(title.exec(await svgOf({ ...bars, title: 'Title', background }))?.[1]).toBe(ink)
  expect(title.exec(await svgOf({ ...bars, title: 'Title', config: { background } }))?.[1]).toBe(ink)
})

test('a log scale with a zero is refused, with the scale that has a place for it', async () => {
  const spec = {
    data: { values: [{ b: 0 }, { b: 1000 }] },
    mark: 'point',
    encoding: { y: { field: 'b', type: 'quantitative', scale: { type: 'log' } } },
  }
  await expect(callTool(renderVegaLite, { spec })).rejects.toMatchObject({
    code: 'invalid_input',
    message: 'spec: a log scale has no place for 0, and its values go from 0 to 1000.',
    hint: expect.stringContaining('"symlog"') as string,
  })
  const symlog = { ...spec, encoding: { y: { ...spec.encoding.y, scale: { type: 'symlog' } } } }
  expect(pixelsOf(await callTool(renderVegaLite, { spec: symlog })).countInk()).toBeGreaterThan(100)
})

test('what Vega says of interaction and of empty rows is kept from the caller', async () => {
  const spec = {
    ...bars,
    width: 'container',
    params: [{ name: 'brush', select: 'interval', bind: 'scales' }],
    encoding: { x: { field: 'town', type: 'quantitative' }, y: bars.encoding.y },
  }
  const [sentence] = (await callTool(renderVegaLite, { spec })).content
  expect(sentence).toMatchObject({
    text: expect.stringMatching(/^Chart, \d+ × \d+ px\.\nThe rows have no field "town"; they have: a, b\.$/) as string,
  })
})

test('a boxplot has no warning', async () => {
  const spec = { ...bars, mark: 'boxplot' }
  expect((await callTool(renderVegaLite, { spec })).content[0]).toMatchObject({
    text: expect.stringMatching(/^Chart, \d+ × \d+ px\.$/) as string,
  })
})

const lines = { mark: 'line', encoding: { x: { field: 'k', type: 'quantitative' }, y: { field: 'v', type: 'quantitative' } } } as const
const bySeries = { ...lines, encoding: { ...lines.encoding, color: { field: 's', type: 'nominal' } } }
const counted = { x: { field: 'k', type: 'ordinal' }, y: { aggregate: 'count', type: 'quantitative', scale: { type: 'log' } } }
test.for([
  ['big ids', { ...bySeries, data: { values: [{ k: 1, v: 1, s: 2 ** 53 }] } }, 'The field "s" holds whole numbers above 2^53'],
  [
    'null',
    { ...bySeries, data: { values: [null, 'null'].map((s, k) => ({ k, v: k, s })) } },
    'holds the text "null" and the value null, which may',
  ],
  [
    'many names',
    { ...bySeries, data: { values: Array.from({ length: 42 }, (_, i) => ({ k: i, v: i, s: `s${i % 21}` })) } },
    '21 names share 20 colours',
  ],
  [
    'bars of count 1',
    { mark: 'bar', encoding: counted, data: { values: [1, 2, 2].map((k) => ({ k })) } },
    'One bar has no length, because a log scale',
  ],
  ['small', { ...lines, width: 60, height: 60, autosize: 'fit', data: { values: [{ k: 1, v: 1e9 }] } }, 'The chart is too small: '],
] as const)('the answer says what the drawing cannot show: %s', async ([, spec, words]) => {
  const said = await callTool(renderVegaLite, { spec }).then(({ content }) => JSON.stringify(content[0]), String)
  expect(said.replaceAll('\\"', '"')).toContain(words)
})

test('what is drawn as it is has no such warning', async () => {
  const values = Array.from({ length: 40 }, (_, i) => ({ k: i >> 1, v: i + 1, s: `s${i % 20}`, big: 1e20 }))
  const spec = {
    ...bySeries,
    data: { values },
    encoding: { ...bySeries.encoding, y: { field: 'big', type: 'quantitative', scale: { type: 'log' } } },
  }
  expect((await callTool(renderVegaLite, { spec })).content[0]).toMatchObject({ text: expect.stringMatching(/^Chart, .*px\.$/) as string })
})

test('a point of a line between gaps is a dot', async () => {
  const svg = await svgOf({ ...lines, data: { values: [1, null, 5].map((v, k) => ({ k, v })) } })
  expect(svg.match(/<g class="mark-symbol role-mark[^>]*>(.*?)<\/g>/s)?.[1]?.match(/<path/g)).toHaveLength(2)
})
