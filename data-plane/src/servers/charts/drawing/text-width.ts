import { readFileSync } from 'node:fs'

interface TextItem {
  fontSize?: number
  fontWeight?: string | number
}

/** Measures text in the font in which it is drawn, so that labels are neither cut too early nor overlap. */
export function textWidth(files: { regular: string; bold: string }): (item: TextItem, text: string | number | boolean | null) => number {
  const regularAdvance = advancesOf(readFileSync(files.regular))
  const boldAdvance = advancesOf(readFileSync(files.bold))

  return function width(item, text) {
    const advance = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600 ? boldAdvance : regularAdvance
    let ems = 0
    for (const char of String(text ?? '')) ems += advance(char.codePointAt(0) ?? 0)
    return ems * (item.fontSize ?? 11)
  }
}

/**
 * Reads advance widths in em by code point from the tables of a TrueType file (`head`, `hhea`, `hmtx`, `cmap` format
 * 4).
 */
function advancesOf(file: Buffer): (codePoint: number) => number {
  const tables = new Map<string, number>()
  for (let i = 0; i < file.readUInt16BE(4); i++) {
    const entry = 12 + i * 16
    tables.set(file.toString('latin1', entry, entry + 4), file.readUInt32BE(entry + 8))
  }
  const offsetOf = (name: string) => tables.get(name) ?? 0
  const unitsPerEm = file.readUInt16BE(offsetOf('head') + 18)
  const metricCount = file.readUInt16BE(offsetOf('hhea') + 34)
  const glyphs = glyphIndex(file, offsetOf('cmap'))

  return function advance(codePoint) {
    const glyph = Math.min(glyphs.get(codePoint) ?? 0, metricCount - 1)
    return file.readUInt16BE(offsetOf('hmtx') + glyph * 4) / unitsPerEm
  }
}

function glyphIndex(file: Buffer, cmap: number): Map<number, number> {
  const glyphs = new Map<number, number>()
  const table = format4Offset(file, cmap)
  const segX2 = file.readUInt16BE(table + 6)
  for (let seg = 0; seg < segX2; seg += 2) {
    const end = file.readUInt16BE(table + 14 + seg)
    const start = file.readUInt16BE(table + 16 + segX2 + seg)
    const delta = file.readUInt16BE(table + 16 + 2 * segX2 + seg)
    const rangeAt = table + 16 + 3 * segX2 + seg
    const range = file.readUInt16BE(rangeAt)
    for (let code = start; code <= end && code < 0xffff; code++) {
      const glyph = range === 0 ? code : file.readUInt16BE(rangeAt + range + (code - start) * 2)
      if (glyph !== 0) glyphs.set(code, (glyph + delta) & 0xffff)
    }
  }
  return glyphs
}

function format4Offset(file: Buffer, cmap: number): number {
  for (let i = 0; i < file.readUInt16BE(cmap + 2); i++) {
    const table = cmap + file.readUInt32BE(cmap + 4 + i * 8 + 4)
    if (file.readUInt16BE(table) === 4) return table
  }
  throw new Error('the font has no table of the Basic Multilingual Plane')
}
