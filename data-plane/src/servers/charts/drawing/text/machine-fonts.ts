import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Where machines keep the fonts that all their programs may use. */
export const MACHINE_FOLDERS = [
  '/usr/share/fonts',
  '/usr/local/share/fonts',
  '/System/Library/Fonts',
  '/Library/Fonts',
  'C:\\Windows\\Fonts',
]

const maxFiles = 2_000
const maxFontBytes = 64_000_000

/** The fonts of a machine, by their tables of characters. A file that cannot be read as a font counts as none. */
export class MachineFonts {
  private readonly folders: string[]
  private readonly rangesByPath = new Map<string, Ranges>()
  private paths: string[] | undefined

  constructor(folders: string[]) {
    this.folders = folders
  }

  /** The first font that has all the code points; regular ones come first. */
  find(codePoints: number[]): string | undefined {
    this.paths ??= this.folders.flatMap(fontsIn).toSorted(byPlainness).slice(0, maxFiles)
    return this.paths.find((path) => {
      const ranges = this.rangesByPath.get(path) ?? rangesOf(path)
      this.rangesByPath.set(path, ranges)
      return codePoints.every((code) => ranges.some(([first, last]) => code >= first && code <= last))
    })
  }
}

/** The font "LastResort" of macOS has a box for every character. */
function fontsIn(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    return names.filter((name) => /\.(?:ttf|otf|ttc)$/i.test(name) && !/LastResort/.test(name)).map((name) => join(folder, name))
  } catch {
    return [] // no such folder on this kind of machine
  }
}

/** Sans-serif regular fonts are what a chart is written in. */
const byPlainness = (a: string, b: string) => oddness(a) - oddness(b) || (a < b ? -1 : 1)

function oddness(path: string): number {
  const isOdd = /bold|italic|oblique|black|thin|light|mono/i.test(path)
  return Number(isOdd) * 4 + Number(!/sans|gothic/i.test(path)) * 2 + Number(!/regular/i.test(path))
}

type Ranges = [first: number, last: number][]

function rangesOf(path: string): Ranges {
  try {
    return statSync(path).size > maxFontBytes ? [] : readRanges(path)
  } catch {
    return []
  }
}

/** Reads the table `cmap` alone: a font may have many megabytes (OpenType, "cmap", format 12). */
function readRanges(path: string): Ranges {
  const file = openSync(path, 'r')
  try {
    const font = tagAt(read(file, 0, 4)) === 'ttcf' ? read(file, 12, 4).readUInt32BE(0) : 0
    const tables = read(file, font + 12, read(file, font + 4, 2).readUInt16BE(0) * 16)
    for (let at = 0; at < tables.length; at += 16) {
      if (tagAt(tables, at) === 'cmap') return rangesIn(read(file, tables.readUInt32BE(at + 8), tables.readUInt32BE(at + 12)))
    }
    return []
  } finally {
    closeSync(file)
  }
}

/** Of the subtables, the one of format 12 has all characters. A font without it has none beyond the first plane. */
function rangesIn(cmap: Buffer): Ranges {
  const offsets = Array.from({ length: cmap.readUInt16BE(2) }, (_, i) => cmap.readUInt32BE(4 + i * 8 + 4))
  const full = offsets.find((at) => cmap.readUInt16BE(at) === 12)
  if (full !== undefined) {
    const groupAt = (i: number) => full + 16 + i * 12
    return Array.from({ length: cmap.readUInt32BE(full + 12) }, (_, i) => [
      cmap.readUInt32BE(groupAt(i)),
      cmap.readUInt32BE(groupAt(i) + 4),
    ])
  }
  const basic = offsets.find((at) => cmap.readUInt16BE(at) === 4)
  if (basic === undefined) return []
  const bytes = cmap.readUInt16BE(basic + 6)
  return Array.from({ length: bytes / 2 }, (_, i) => [
    cmap.readUInt16BE(basic + 16 + bytes + i * 2),
    Math.min(cmap.readUInt16BE(basic + 14 + i * 2), 0xfffe),
  ])
}

function read(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(Math.min(length, 4_000_000))
  if (readSync(file, bytes, 0, bytes.length, position) < bytes.length) throw new Error('the file is shorter than it says')
  return bytes
}

const tagAt = (bytes: Buffer, at = 0) => bytes.toString('latin1', at, at + 4)
