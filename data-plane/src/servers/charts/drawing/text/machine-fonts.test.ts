import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { MachineFonts } from './machine-fonts.ts'

const fontOf = (path: string) => fileURLToPath(import.meta.resolve(path))
const fonts = {
  thai: fontOf('@expo-google-fonts/noto-sans-thai/400Regular/NotoSansThai_400Regular.ttf'),
  emoji: fontOf('@expo-google-fonts/noto-emoji/400Regular/NotoEmoji_400Regular.ttf'),
  dejaVu: fontOf('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'),
}
const codesOf = (text: string) => Array.from(text, (char) => char.codePointAt(0) ?? 0)

function aMachine(files: Record<string, string | Buffer>): { folder: string; found(text: string): string | undefined } {
  const folder = mkdtempSync(join(tmpdir(), 'fonts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    if (typeof content === 'string') copyFileSync(content, join(folder, name))
    else writeFileSync(join(folder, name), content)
  }
  const machine = new MachineFonts([join(folder, 'nothing here'), folder])
  return { folder, found: (text) => machine.find(codesOf(text))?.slice(folder.length + 1) }
}

test('a font is found by the characters that it has, wherever it lies', () => {
  const { found } = aMachine({ 'a/b/Thai-Regular.ttf': fonts.thai, 'Emoji.ttf': fonts.emoji, 'DejaVuSans.ttf': fonts.dejaVu })
  expect([found('ยอดขาย'), found('👍'), found('Ə'), found('中')]).toEqual([
    join('a/b', 'Thai-Regular.ttf'),
    'Emoji.ttf',
    'DejaVuSans.ttf',
    undefined,
  ])
})

test('of several fonts, a regular sans-serif one is taken', () => {
  const { found } = aMachine({
    'A-Bold.ttf': fonts.thai,
    'B-Serif.ttf': fonts.thai,
    'C-SansMedium.ttf': fonts.thai,
    'D-SansRegular.ttf': fonts.thai,
    'E-SansThin.ttf': fonts.thai,
  })
  expect(found('ยอด')).toBe('D-SansRegular.ttf')
})

test('a file that is no font, or is cut, counts as none', () => {
  const { found } = aMachine({
    'a.ttf': Buffer.from('not a font'),
    'b.otf': Buffer.alloc(0),
    'c.ttc': Buffer.concat([Buffer.from('ttcf'), Buffer.alloc(20, 0xff)]),
    'd.ttf': fonts.thai,
  })
  expect(found('ยอด')).toBe('d.ttf')
})
