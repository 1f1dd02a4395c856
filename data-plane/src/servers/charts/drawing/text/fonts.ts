import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Blob, Buffer, Direction, Face, Font, shape } from 'harfbuzzjs'
import { isRightToLeft, visualOrder } from './bidi.ts'
import { MACHINE_FOLDERS, MachineFonts } from './machine-fonts.ts'

const file = (path: string) => fileURLToPath(import.meta.resolve(path))

export const FAMILY = 'DejaVu Sans'
const mainFiles = { regular: file('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'), bold: file('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf') }
const notoSans = '@expo-google-fonts/noto-sans'
const notoThai = '@expo-google-fonts/noto-sans-thai'
const notoEmoji = '@expo-google-fonts/noto-emoji'
const emojiFiles = {
  regular: file(`${notoEmoji}/400Regular/NotoEmoji_400Regular.ttf`),
  bold: file(`${notoEmoji}/700Bold/NotoEmoji_700Bold.ttf`),
}
/** The fonts for what the main one lacks, in this order: signs of currencies and Devanagari, Thai, emoji. */
const otherFiles = [
  { regular: file(`${notoSans}/400Regular/NotoSans_400Regular.ttf`), bold: file(`${notoSans}/700Bold/NotoSans_700Bold.ttf`) },
  { regular: file(`${notoThai}/400Regular/NotoSansThai_400Regular.ttf`), bold: file(`${notoThai}/700Bold/NotoSansThai_700Bold.ttf`) },
  emojiFiles,
]

/** The files for the rasteriser. It draws itself what is written from right to left. */
export const FONT_FILES = [mainFiles, ...otherFiles].flatMap(({ regular, bold }) => [regular, bold])

interface Glyph {
  /** What an SVG path draws, in units of the font; y goes up. */
  path: string
  /** Where it begins, in em from the beginning of the text and from its baseline; y goes up. */
  x: number
  y: number
  /** The size of a unit of the font, in em. */
  unit: number
}

/** A text as glyphs in a row. */
export interface TextLayout {
  glyphs: Glyph[]
  width: number
  /** The characters that no font has. */
  missing: string[]
}

class FontFile {
  private readonly face: Face
  private readonly font: Font
  private readonly codePoints: Set<number>

  constructor(path: string) {
    this.face = new Face(new Blob(readFileSync(path)))
    this.font = new Font(this.face)
    this.codePoints = new Set(this.face.collectUnicodes())
  }

  has(codePoint: number): boolean {
    return this.codePoints.has(codePoint)
  }

  /** The width of one character, in em. */
  advance(codePoint: number): number {
    return this.font.glyphHAdvance(this.font.nominalGlyph(codePoint) ?? 0) / this.face.upem
  }

  /** Adds the glyphs of a text. HarfBuzz chooses and places them, as ligatures and marks need it. */
  append(layout: TextLayout, text: string, isToLeft: boolean): void {
    const unit = 1 / this.face.upem
    shapeBuffer.reset()
    shapeBuffer.addText(text)
    shapeBuffer.guessSegmentProperties()
    shapeBuffer.setDirection(isToLeft ? Direction.RTL : Direction.LTR)
    shape(this.font, shapeBuffer)
    for (const { codepoint: id, xAdvance = 0, xOffset = 0, yOffset = 0 } of shapeBuffer.getGlyphInfosAndPositions()) {
      const path = this.font.glyphToPath(id)
      if (path) layout.glyphs.push({ path, x: layout.width + xOffset * unit, y: yOffset * unit, unit })
      layout.width += xAdvance * unit
    }
  }
}

const shapeBuffer = new Buffer()
const fontsByPath = new Map<string, FontFile>()

/** A font is read when the first character needs it. */
function fontAt(path: string): FontFile {
  const font = fontsByPath.get(path) ?? new FontFile(path)
  fontsByPath.set(path, font)
  return font
}

type Weight = 'regular' | 'bold'

const isIgnorable = (char: string) => /[\p{Default_Ignorable_Code_Point}\p{Cc}]/u.test(char)
/** Emoji are all drawn in one hand, though the main font has a few. */
const isEmoji = (text: string) => /[\p{Emoji_Presentation}\u{FE0F}]/u.test(text)
const has = (font: FontFile, text: string) => Array.from(text).every((char) => isIgnorable(char) || font.has(char.codePointAt(0) ?? 0))

/** What a person takes for one character, which may be several code points. */
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** For what none of ours has, such as Chinese: an administrator may have installed a font for it. */
const machineFonts = new MachineFonts(MACHINE_FOLDERS)

/** The font of ours in which a character is drawn; undefined if none has it. */
function ourFontFor(character: string, weight: Weight): FontFile | undefined {
  const candidates = isEmoji(character) ? [emojiFiles, mainFiles, ...otherFiles] : [mainFiles, ...otherFiles]
  const files = candidates.find((files) => has(fontAt(files[weight]), character))
  return files && fontAt(files[weight])
}

/** The same, with the fonts of the machine. */
function fontFor(character: string, weight: Weight): FontFile | undefined {
  const ours = ourFontFor(character, weight)
  if (ours) return ours
  const codePoints = Array.from(character)
    .filter((char) => !isIgnorable(char))
    .map((char) => char.codePointAt(0) ?? 0)
  const path = machineFonts.find(codePoints)
  return path === undefined ? undefined : fontAt(path)
}

/** Whether the main font has all of a text. */
const isPlain = (text: string, weight: Weight) => !isEmoji(text) && has(fontAt(mainFiles[weight]), text)

const maxCached = 2_000
const layouts = new Map<string, TextLayout | undefined>()

/** The layout of a text of which the main font lacks something, else undefined. */
export function layoutOf(text: string, isBold: boolean): TextLayout | undefined {
  const key = `${isBold ? 'b' : 'r'}${text}`
  if (layouts.has(key)) return layouts.get(key)
  if (layouts.size >= maxCached) layouts.clear()
  const weight = isBold ? 'bold' : 'regular'
  const layout = isPlain(text, weight) ? undefined : lay(text, weight)
  layouts.set(key, layout)
  return layout
}

function lay(text: string, weight: Weight): TextLayout {
  const layout: TextLayout = { glyphs: [], width: 0, missing: [] }
  const characters = charactersOf(text)
  const pieces = isRightToLeft(text) ? visualOrder(characters) : [{ text, isRightToLeft: false }]
  for (const piece of pieces) {
    const runs = runsOf(charactersOf(piece.text), weight, layout.missing)
    for (const run of piece.isRightToLeft ? runs.toReversed() : runs) appendRun(layout, run, piece.isRightToLeft)
  }
  return layout
}

/** Emoji and other signs do not turn, but their order does, and brackets become those of the other side. */
function appendRun(layout: TextLayout, { font, text }: Run, isToLeft: boolean): void {
  const isTurned = isToLeft && !isRightToLeft(text)
  const parts = isTurned ? charactersOf(text).toReversed() : [text]
  for (const part of parts) font.append(layout, part, isToLeft && (!isTurned || /^\p{Bidi_Mirrored}/u.test(part)))
}

const charactersOf = (text: string) => Array.from(segmenter.segment(text), ({ segment }) => segment)

interface Run {
  font: FontFile
  text: string
}

/** The neighbours that one font draws. What no font has is drawn by the main one, as boxes. */
function runsOf(characters: string[], weight: Weight, missing: string[]): Run[] {
  const runs: Run[] = []
  for (const character of characters) {
    const found = fontFor(character, weight)
    if (!found) missing.push(character)
    const font = found ?? fontAt(mainFiles[weight])
    const run = runs.at(-1)
    if (run?.font === font) run.text += character
    else runs.push({ font, text: character })
  }
  return runs
}

interface TextItem {
  fontSize?: number
  fontWeight?: string | number
}

export const isBoldWeight = (weight: string | number | undefined) => weight === 'bold' || Number(weight) >= 600

/** The width of a text in px, as it is drawn: so labels are neither cut too early nor overlap. */
export function textWidth({ fontSize = 11, fontWeight }: TextItem, value: string | number | boolean | null): number {
  const text = String(value ?? '')
  const isBold = isBoldWeight(fontWeight)
  return (layoutOf(text, isBold)?.width ?? plainWidth(text, isBold)) * fontSize
}

const advances = { regular: new Map<string, number>(), bold: new Map<string, number>() }

function plainWidth(text: string, isBold: boolean): number {
  const weight = isBold ? 'bold' : 'regular'
  let ems = 0
  for (const char of text) {
    const advance = advances[weight].get(char) ?? fontAt(mainFiles[weight]).advance(char.codePointAt(0) ?? 0)
    advances[weight].set(char, advance)
    ems += advance
  }
  return ems
}
