import { isBoldWeight, layoutOf } from './fonts.ts'
import type { TextLayout } from './fonts.ts'

/**
 * Draws the texts that need more than the main font as outlines: the rasteriser would take their marks, ligatures and
 * emoji apart. Also gives the characters that no font has.
 */
export function withOutlines(svg: string): { svg: string; missing: Set<string> } {
  const missing = new Set<string>()
  const drawn = svg.replace(/<text\b([^>]*)>(.*?)<\/text>/gs, (element, attributes: string, content: string) => {
    const lines = linesOf(content)
    const isBold = isBoldWeight(attributeOf(attributes, 'font-weight'))
    const layouts = lines.map(({ text }) => layoutOf(text, isBold))
    for (const char of layouts.flatMap((layout) => layout?.missing ?? [])) missing.add(char)
    if (layouts.every((layout) => layout === undefined)) return element
    return `<g${attributes.replace(/ (?:text-anchor|font-[a-z]+)="[^"]*"/g, '')}>${lines
      .map((line, i) => drawLine(line, layouts[i], attributes))
      .join('')}</g>`
  })
  return { svg: drawn, missing }
}

interface Line {
  /** How far it lies below the first line, in px. */
  y: number
  text: string
}

/** Vega writes the lines of a text as `<tspan>first</tspan><tspan x="0" dy="15">second</tspan>`. */
function linesOf(content: string): Line[] {
  let y = 0
  const lines = Array.from(content.matchAll(/<tspan\b([^>]*)>(.*?)<\/tspan>/gs), ([, attributes = '', text = '']) => {
    y += Number(attributeOf(attributes, 'dy') ?? 0)
    return { y, text: unescape(text) }
  })
  return lines.length > 0 ? lines : [{ y, text: unescape(content) }]
}

/** A line that the main font can draw stays a text. */
function drawLine({ y, text }: Line, layout: TextLayout | undefined, attributes: string): string {
  const inherited = (attributes.match(/ (?:text-anchor|font-[a-z]+)="[^"]*"/g) ?? []).join('')
  if (!layout) return `<text y="${y}"${inherited}>${escape(text)}</text>`

  const fontSize = parseFloat(attributeOf(attributes, 'font-size') ?? '11')
  const anchor = attributeOf(attributes, 'text-anchor')
  const start = anchor === 'end' ? -layout.width : anchor === 'middle' ? -layout.width / 2 : 0
  return layout.glyphs
    .map((glyph) => {
      const scale = round(glyph.unit * fontSize)
      const [left, baseline] = [round((start + glyph.x) * fontSize), round(y - glyph.y * fontSize)]
      return `<path transform="translate(${left},${baseline}) scale(${scale},${-scale})" d="${glyph.path}"/>`
    })
    .join('')
}

const round = (value: number) => Math.round(value * 1e5) / 1e5

const attributeOf = (attributes: string, name: string) => new RegExp(` ${name}="([^"]*)"`).exec(attributes)?.[1]

const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"' }
const unescape = (text: string) => text.replace(/&(?:lt|gt|amp|quot);/g, (entity) => entities[entity] ?? entity)
const escape = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
