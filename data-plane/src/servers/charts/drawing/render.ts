import { Resvg } from '@resvg/resvg-js'
import * as vega from 'vega'
import { expressionInterpreter } from 'vega-interpreter'
import * as vegaLite from 'vega-lite'
import { beginDates, unreadableDates } from './calendar.ts'
import type { Picture } from './job.ts'
import { LIMITS } from '../data/limits.ts'
import type { Format } from '../data/limits.ts'
import { RenderFault } from './fault.ts'
import { markLonePoints } from './scene/lone-points.ts'
import { doubtsOfScene } from './scene/doubts.ts'
import { FAMILY, FONT_FILES, textWidth } from './text/fonts.ts'
import { hasCrowdedLabels, tellLabelsApart } from './text/labels.ts'
import type { SceneMark } from './text/labels.ts'
import { collectLog, throwFaults } from './log.ts'
import { withOutlines } from './text/outlines.ts'
import { themeFor } from './theme.ts'

const fonts = {
  loadSystemFonts: false,
  fontFiles: FONT_FILES,
  defaultFontFamily: FAMILY,
  serifFamily: FAMILY,
  sansSerifFamily: FAMILY,
  monospaceFamily: FAMILY,
}

const { textMetrics } = vega as unknown as { textMetrics: { width: typeof textWidth } }
/** A text that is cut needs no more room than it is given. */
textMetrics.width = (item: Parameters<typeof textWidth>[0] & { limit?: number }, text) =>
  Math.min(textWidth(item, text), Number(item.limit) > 0 ? Number(item.limit) : Infinity)

/** Vega may load nothing, from no address and no file. A link gets no target. */
const loadNothing = async (): Promise<never> => {
  throw new Error('A chart loads nothing: put the rows into data.values.')
}
const removeLink = async () => ({})
const loader = { load: loadNothing, sanitize: removeLink, http: loadNothing, file: loadNothing } as unknown as vega.Loader

/** Draws a Vega-Lite spec. Its expressions are interpreted as syntax trees, never compiled to code. */
export async function render(specText: string, format: Format): Promise<Picture> {
  beginDates(specText)
  const level = compile(specText, format, false)
  if (format === 'spec') return { format, width: 0, height: 0, content: specText, warnings: level.log.warnings }

  const { svg, width, height, log } = (await drawSvg(level)) ?? (await drawTurned(specText, format))
  const warnings = [...unreadableDates(), ...log.warnings]
  if (format === 'svg') return { format, width, height, content: svg, warnings }

  const outlined = withOutlines(svg)
  checkLength(outlined.svg)
  const content = new Resvg(outlined.svg, { font: fonts, logLevel: 'off' }).render().asPng().toString('base64')
  return { format, width, height, content, warnings: [...missingGlyphs(outlined.missing), ...warnings] }
}

interface Compiled {
  spec: vega.Spec
  log: ReturnType<typeof collectLog>
  areLabelsTurned: boolean
}

function compile(specText: string, format: Format, areLabelsTurned: boolean): Compiled {
  const log = collectLog()
  const spec = JSON.parse(specText) as vegaLite.TopLevelSpec
  const theme = themeFor({ background: spec.background ?? spec.config?.background, areLabelsTurned })
  // An image has no descriptions of its marks, and takes a third less time without.
  const config = { ...theme, ...(format === 'png' && { aria: false }) } as vegaLite.Config
  return { ...vegaLite.compile(spec, { config, logger: log.logger as unknown as vega.LoggerInterface }), log, areLabelsTurned }
}

interface Drawing {
  svg: string
  width: number
  height: number
  log: Compiled['log']
}

async function drawTurned(specText: string, format: Format): Promise<Drawing> {
  const drawing = await drawSvg(compile(specText, format, true))
  if (!drawing) throw new Error('turned labels count as crowded')
  return drawing
}

/** Undefined when labels run into each other that could be turned. */
async function drawSvg({ spec, log, areLabelsTurned }: Compiled): Promise<Drawing | undefined> {
  const view = new vega.View(vega.parse(spec, undefined, { ast: true }), {
    renderer: 'none',
    expr: expressionInterpreter,
    loader,
    logger: log.logger as unknown as vega.LoggerInterface,
  })
  try {
    await view.runAsync()
    throwFaults(log)
    const scene = (view.scenegraph() as unknown as { root: SceneMark }).root
    if (!areLabelsTurned && hasCrowdedLabels(scene)) return undefined
    checkPlotSize(spec, view)
    log.warnings.push(...doubtsOfScene(spec, view, scene))
    tellLabelsApart(scene)
    markLonePoints(scene)
    const svg = await view.toSVG()
    return { svg, ...checkedSize(svg), log }
  } finally {
    view.finalize() // else a timer of the spec would go on
  }
}

/** A warning that names the characters, by their numbers too: a model may not see what it wrote. */
function missingGlyphs(missing: Set<string>): string[] {
  if (missing.size === 0) return []
  const chars = [...missing]
    .slice(0, 20)
    .map((char) => `${char} (U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')})`)
  const rest = missing.size > chars.length ? ` and ${missing.size - chars.length} more` : ''
  return [
    `No font has these characters, so the image shows boxes: ${chars.join(' ')}${rest}. Write them in other letters, or ask for format svg. An administrator can install a font for them on the machine of the data plane.`,
  ]
}

/** Smaller plots show nothing that can be read. */
const minPlotPx = 16

/** Throws if a chart of a fixed size is so small that its labels leave no room for it. */
function checkPlotSize(spec: vega.Spec, view: vega.View): void {
  const { type } = typeof spec.autosize === 'object' && 'type' in spec.autosize ? spec.autosize : { type: spec.autosize }
  if (type !== 'fit') return
  const [width, height] = [Number(view.signal('width')), Number(view.signal('height'))]
  if (Math.min(width, height) >= minPlotPx) return
  throw new RenderFault({
    code: 'invalid_input',
    message: `The chart is too small: its labels leave ${Math.round(width)} × ${Math.round(height)} px for the drawing.`,
    hint: 'Set a larger width and height, or shorter names.',
  })
}

/** Matches images, links, scripts, and paint that refers to something outside. The text of labels does not match. */
const outsideReference = /<(?:image|script|style|foreignObject)[\s>/]|<a\s|\s(?!aria-)[\w:-]+="[^"]*url\((?!#)/i

/** The size of the drawing. Throws if the drawing exceeds a limit or refers to anything outside itself. */
function checkedSize(svg: string): { width: number; height: number } {
  const [, width, height] = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? []
  const size = { width: Math.ceil(Number(width)), height: Math.ceil(Number(height)) }
  if (!(size.width > 0 && size.height > 0)) throw new RenderFault({ code: 'invalid_input', message: 'spec: the chart has no size.' })
  if (Math.max(size.width, size.height) > LIMITS.maxPixels) {
    throw new RenderFault({
      code: 'too_large',
      message: `The chart would be ${size.width} × ${size.height} px; at most ${LIMITS.maxPixels} px a side.`,
      hint: 'Set a smaller width and height, or use fewer facets and categories.',
    })
  }
  checkLength(svg)
  if (outsideReference.test(svg)) {
    throw new RenderFault({ code: 'invalid_input', message: 'spec: a chart may not refer to images, links or addresses.' })
  }
  return size
}

function checkLength(svg: string): void {
  if (svg.length <= LIMITS.maxSvgChars) return
  throw new RenderFault({ code: 'too_large', message: 'The chart has too many marks.', hint: 'Aggregate the rows first.' })
}
