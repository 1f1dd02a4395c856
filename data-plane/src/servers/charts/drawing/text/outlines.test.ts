import { expect, test } from 'vitest'
import { layoutOf, textWidth } from './fonts.ts'
import { withOutlines } from './outlines.ts'

const texts = {
  'currency signs': '₼ ₾ ₽ ₺ ₸ ⃀ ₹ ₪ ₿ €',
  emoji: '😀👍🏽👨‍👩‍👧🇦🇿❤️1️⃣',
  Thai: 'ยอดขายน้ำที่นี่',
  Devanagari: 'हिन्दीबिक्रीक्षेत्रश्री',
  Azerbaijani: 'Əmanətlər, gəlir və şöbə: ığüşöçİ, ₼',
  Georgian: 'გაყიდვები ₾',
  Vietnamese: 'Doanh thu tiếng Việt ₫ ⃀',
}

test.for(Object.entries(texts).flatMap(([name, text]) => [false, true].map((isBold) => ({ name, text, isBold }))))(
  'a font has every glyph of $name, also in bold: $isBold',
  ({ text, isBold }) => {
    const layout = layoutOf(text, isBold)
    expect(layout?.missing).toEqual([])
    expect(layout?.glyphs.length).toBeGreaterThan(0)
    // An outline that any two signs share would be the box of a missing glyph.
    const [box] = layoutOf('\u{10FFFD}', isBold)?.glyphs ?? []
    expect(box?.path).toBeTruthy()
    expect(layout?.glyphs.filter(({ path }) => path === box?.path)).toEqual([])
  },
)

test('a family of emoji is one glyph, a flag too, and marks stand on their letters without moving the next one', () => {
  expect(layoutOf('👨‍👩‍👧', false)?.glyphs).toHaveLength(1)
  expect(layoutOf('🇦🇿', false)?.glyphs).toHaveLength(1)
  const [letter, letterWithMark] = [layoutOf('นน', false), layoutOf('น้น', false)]
  expect(letterWithMark?.glyphs).toHaveLength(3)
  expect(letterWithMark?.width).toBe(letter?.width)
})

test('a text has the width in which it is drawn', () => {
  const item = { fontSize: 20 }
  expect(textWidth(item, '₼ 5')).toBeCloseTo(textWidth(item, '₼') + textWidth(item, ' 5'), 5)
  expect(textWidth(item, '₼')).toBeGreaterThan(5)
  expect(textWidth({ fontSize: 20, fontWeight: 'bold' }, 'Bakı')).toBeGreaterThan(textWidth(item, 'Bakı'))
})

const svgOf = (attributes: string, content: string) =>
  `<svg><text ${attributes} transform="translate(5,6)" font-family="X" font-size="10px" fill="#123456" opacity="1">${content}</text></svg>`

test('a text with signs that the main font lacks becomes outlines where its anchor wants them, and keeps its colour', () => {
  const width = textWidth({ fontSize: 10 }, '₼₼')
  const leftOf = (anchor: string) =>
    Number(/<path transform="translate\(([-\d.]+),/.exec(withOutlines(svgOf(`text-anchor="${anchor}"`, '₼₼')).svg)?.[1])
  expect([leftOf('start'), leftOf('middle'), leftOf('end')]).toEqual([0, expect.closeTo(-width / 2, 3), expect.closeTo(-width, 3)])
  const { svg } = withOutlines(svgOf('text-anchor="end"', '₼ &amp; &lt;b&gt;'))
  expect(svg).toMatch(/^<svg><g transform="translate\(5,6\)" fill="#123456" opacity="1"><path [^<>]*\/>(?:<path [^<>]*\/>)+<\/g><\/svg>$/)
})

test('of several lines, those that the main font can draw stay texts in their places', () => {
  const lines = '<tspan>1 &lt; 2</tspan><tspan x="0" dy="15">₼</tspan><tspan x="0" dy="15">three</tspan>'
  const { svg } = withOutlines(svgOf('text-anchor="middle"', lines))
  const anchor = 'text-anchor="middle" font-family="X" font-size="10px"'
  expect(svg).toContain(`<text y="0" ${anchor}>1 &lt; 2</text><path transform="translate(`)
  expect(svg).toContain(`<text y="30" ${anchor}>three</text></g>`)
  expect(svg).toMatch(/translate\([-\d.]+,15\)/)
})

test('a text that the main font can draw is left alone; so is Arabic, whose order the rasteriser knows', () => {
  for (const text of ['Крупнейшие клиенты', 'Bakı 5 €', 'مبلغ 100', 'סכום']) {
    expect(withOutlines(svgOf('', text))).toEqual({ svg: svgOf('', text), missing: new Set() })
  }
})

test.for(['مبلغ ₼ 100', 'ไทย العربية \u0378 😀', 'עברית 🇦🇿 ₿ \u0378 👨‍👩‍👧 हिन्दी'])(
  'of %s every sign that a font has is drawn, whatever stands beside it',
  (text) => {
    const layout = layoutOf(text, false)
    expect(layout?.missing).toEqual(text.includes('\u0378') ? ['\u0378'] : [])
    const [box] = layoutOf('\u{10FFFD}', false)?.glyphs ?? []
    expect(layout?.glyphs.filter(({ path }) => path === box?.path)).toHaveLength(layout?.missing.length ?? 0)
  },
)

test('a bracket in a text from right to left opens to the left', () => {
  const opening = layoutOf('₼ (', false)?.glyphs.at(-1)
  const closing = layoutOf('₼ )', false)?.glyphs.at(-1)
  const paths = layoutOf('מ ₼ (5) מ', false)?.glyphs.map(({ path }) => path) ?? []
  expect(paths.indexOf(opening?.path ?? '')).toBeLessThan(paths.indexOf(closing?.path ?? ''))
  expect(paths).toEqual(expect.arrayContaining([opening?.path, closing?.path]))
})

test('Arabic beside a sign of another font runs from right to left, and its letters are joined', () => {
  const placesOf = (text: string, part: string) => {
    const paths = new Set(layoutOf(part, false)?.glyphs.map(({ path }) => path))
    return layoutOf(text, false)?.glyphs.flatMap(({ path, x }) => (paths.has(path) ? [x] : [])) ?? []
  }
  const [manat = 0] = placesOf('مبلغ ₼ مبلغ ₾', '₼')
  const [lari = 0] = placesOf('مبلغ ₼ مبلغ ₾', '₾')
  expect(manat).toBeLessThan(lari)
  const isolated = ['م', 'ب', 'ل', 'غ'].reduce(
    (width, char) => width + (layoutOf(`${char}₼`, false)?.width ?? 0) - (layoutOf('₼', false)?.width ?? 0),
    0,
  )
  const joined = (layoutOf('مبلغ₼', false)?.width ?? 0) - (layoutOf('₼', false)?.width ?? 0)
  expect(joined).toBeLessThan(isolated)
})

test('the characters that no font has are told, also in texts from right to left', () => {
  expect([...withOutlines(svgOf('', 'a \u0378 b \u0379 \u{10FFFD}')).missing]).toEqual(['\u0378', '\u0379', '\u{10FFFD}'])
  expect([...withOutlines(svgOf('', 'مبلغ \u0378')).missing]).toEqual(['\u0378'])
})
