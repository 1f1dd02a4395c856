/** What one chart may cost. Beyond them a call is refused in words, before or during the drawing. */
export const LIMITS = {
  maxRows: 20_000,
  maxSpecBytes: 2_000_000,
  /** On either side. */
  maxPixels: 2_000,
  /** Objects within objects in a spec. */
  maxDepth: 64,
  /** The drawing that is handed to the rasteriser, which cannot be interrupted. */
  maxSvgChars: 6_000_000,
} as const

export const FORMATS = ['png', 'svg', 'spec'] as const
export type Format = (typeof FORMATS)[number]
