/** The limits of one chart. A call that exceeds one is refused with a message, before or during the drawing. */
export const LIMITS = {
  maxRows: 20_000,
  maxSpecBytes: 2_000_000,
  /** Of the width and of the height. */
  maxPixels: 2_000,
  /** Of nested objects in a spec. */
  maxDepth: 64,
  /** Of the drawing that the rasteriser gets. The rasteriser cannot be interrupted. */
  maxSvgChars: 6_000_000,
} as const

export const FORMATS = ['png', 'svg', 'spec'] as const
export type Format = (typeof FORMATS)[number]
