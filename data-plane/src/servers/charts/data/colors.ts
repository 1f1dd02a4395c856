/**
 * The colours of series and slices, as many as a chart may have. Any two differ also for people who see no red or no
 * green: by 10 or more (CIEDE2000), the first ten by 13. A test measures it.
 */
export const SERIES_COLORS = [
  '#3b6ea8 #e0883a #2f8f6b #8d2a4f #7d838c #51cade #73cd9f #ac5107 #760a03 #3414a1',
  '#499fb8 #7777f2 #30aff8 #4c0c49 #919f97 #885176 #5a1d2b #d64651 #b3c5c4 #cfd271',
].flatMap((ten) => ten.split(' '))

/** White or black, whichever can be read on the colour. One of them always has a contrast of 4.5 (WCAG 2.2, 1.4.3). */
export const inkOn = (color: string): '#ffffff' | '#000000' => (contrast('#ffffff', color) >= 4.5 ? '#ffffff' : '#000000')

/** The contrast of two colours, 1 to 21 (WCAG 2.2, contrast ratio). */
export function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a)
  return (lighter + 0.05) / (darker + 0.05)
}

/** The relative luminance of a colour such as #3b6ea8, 0 to 1. */
export function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = linearRgb(color)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Red, green and blue of a colour such as #3b6ea8 in linear light, 0 to 1 (IEC 61966-2-1). */
export const linearRgb = (color: string): number[] =>
  [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
