import { expect, test } from 'vitest'
import { contrast, inkOn, linearRgb, SERIES_COLORS } from './colors.ts'

/** What people without the red or the green cones see (Machado, Oliveira, Fernandes 2009, table 1, severity 1). */
const visions = {
  all: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
}

type Three = [number, number, number]
const times = (m: number[], v: number[]) => [0, 3, 6].map((row) => m[row]! * v[0]! + m[row + 1]! * v[1]! + m[row + 2]! * v[2]!) as Three

/** CIELAB under D65. */
function labOf(color: string, vision: number[]): Three {
  const seen = times(vision, linearRgb(color)).map((part) => Math.min(1, Math.max(0, part)))
  const xyz = times([0.4124, 0.3576, 0.1805, 0.2126, 0.7152, 0.0722, 0.0193, 0.1192, 0.9505], seen)
  const [x, y, z] = [xyz[0] / 0.95047, xyz[1], xyz[2] / 1.08883].map((t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116)) as Three
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

const radians = Math.PI / 180
const hueOf = (a: number, b: number) => (Math.atan2(b, a) / radians + 360) % 360

/** The difference of two colours as CIEDE2000 defines it (ISO/CIE 11664-6). */
function deltaE([l1, a1, b1]: Three, [l2, a2, b2]: Three): number {
  const grey = (chroma: number) => Math.sqrt(chroma ** 7 / (chroma ** 7 + 25 ** 7))
  const stretch = 1.5 - 0.5 * grey((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2)
  const [c1, c2] = [Math.hypot(a1 * stretch, b1), Math.hypot(a2 * stretch, b2)]
  const [h1, h2] = [hueOf(a1 * stretch, b1), hueOf(a2 * stretch, b2)]
  const turn = Math.abs(h2 - h1) > 180 ? h2 - h1 - Math.sign(h2 - h1) * 360 : h2 - h1
  const [l, c, h] = [(l1 + l2) / 2, (c1 + c2) / 2, h1 + turn / 2]
  const cosine = (factor: number, shift: number) => Math.cos((factor * h + shift) * radians)
  const t = 1 - 0.17 * cosine(1, -30) + 0.24 * cosine(2, 0) + 0.32 * cosine(3, 6) - 0.2 * cosine(4, -63)
  const lightness = (l2 - l1) / (1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2))
  const chroma = (c2 - c1) / (1 + 0.045 * c)
  const hue = (2 * Math.sqrt(c1 * c2) * Math.sin((turn / 2) * radians)) / (1 + 0.015 * c * t)
  const rotation = -2 * grey(c) * Math.sin(60 * radians * Math.exp(-(((((h + 360) % 360) - 275) / 25) ** 2)))
  return Math.sqrt(lightness ** 2 + chroma ** 2 + hue ** 2 + rotation * chroma * hue)
}

function smallestDifference(colors: string[], vision: number[]): number {
  const labs = colors.map((color) => labOf(color, vision))
  return Math.min(...labs.flatMap((one, i) => labs.slice(0, i).map((other) => deltaE(one, other))))
}

test('the difference of colours is measured as in the published test data of CIEDE2000', () => {
  expect(deltaE([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4)
  expect(deltaE([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387])).toBeCloseTo(1.2644, 4)
  expect(deltaE([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514])).toBeCloseTo(0.9082, 4)
  expect(deltaE([22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619])).toBeCloseTo(2.0373, 4)
})

test.for(Object.entries(visions))('any two colours of a chart differ for people whose vision is: %s', ([, vision]) => {
  expect(SERIES_COLORS).toHaveLength(20)
  expect(smallestDifference(SERIES_COLORS.slice(0, 10), vision)).toBeGreaterThan(13)
  expect(smallestDifference(SERIES_COLORS, vision)).toBeGreaterThan(10)
})

test('a text on any slice has a contrast of 4.5 or more', () => {
  for (const color of SERIES_COLORS) expect(contrast(inkOn(color), color), color).toBeGreaterThanOrEqual(4.5)
})
