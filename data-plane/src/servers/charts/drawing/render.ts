import { fileURLToPath } from 'node:url'
import { Resvg } from '@resvg/resvg-js'
import * as vega from 'vega'
import { expressionInterpreter } from 'vega-interpreter'
import * as vegaLite from 'vega-lite'
import type { Fault, Picture } from './job.ts'
import { LIMITS } from '../data/limits.ts'
import type { Format } from '../data/limits.ts'
import { textWidth } from './text-width.ts'
import { THEME } from './theme.ts'

const font = (file: string) => fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${file}`))
const family = 'DejaVu Sans'
const fonts = {
  loadSystemFonts: false,
  fontFiles: [font('DejaVuSans.ttf'), font('DejaVuSans-Bold.ttf')],
  defaultFontFamily: family,
  serifFamily: family,
  sansSerifFamily: family,
  monospaceFamily: family,
}

const { textMetrics } = vega as unknown as { textMetrics: { width: ReturnType<typeof textWidth> } }
textMetrics.width = textWidth({ regular: font('DejaVuSans.ttf'), bold: font('DejaVuSans-Bold.ttf') })

export class RenderFault extends Error {
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.message)
    this.fault = fault
  }
}

/** Vega may load nothing, from no address and no file. A link gets no target. */
const loadNothing = async (): Promise<never> => {
  throw new Error('A chart loads nothing: put the rows into data.values.')
}
const removeLink = async () => ({})
const loader = { load: loadNothing, sanitize: removeLink, http: loadNothing, file: loadNothing } as unknown as vega.Loader

/** Draws a Vega-Lite spec. Its expressions are interpreted as syntax trees, never compiled to code. */
export async function render(specText: string, format: Format): Promise<Picture> {
  const log = collectLog()
  const spec = JSON.parse(specText) as vegaLite.TopLevelSpec
  const compiled = vegaLite.compile(spec, { config: THEME as vegaLite.Config, logger: log.logger as unknown as vega.LoggerInterface })
  if (format === 'spec') return { format, width: 0, height: 0, content: specText, warnings: log.warnings }

  const { svg, width, height } = await drawSvg(compiled.spec, log)
  const content = format === 'svg' ? svg : new Resvg(svg, { font: fonts, logLevel: 'off' }).render().asPng().toString('base64')
  return { format, width, height, content, warnings: log.warnings }
}

async function drawSvg(spec: vega.Spec, log: ReturnType<typeof collectLog>): Promise<{ svg: string; width: number; height: number }> {
  const view = new vega.View(vega.parse(spec, undefined, { ast: true }), {
    renderer: 'none',
    expr: expressionInterpreter,
    loader,
    logger: log.logger as unknown as vega.LoggerInterface,
  })
  try {
    await view.runAsync()
    if (log.errors[0] !== undefined) throw new Error(log.errors[0])
    const svg = await view.toSVG()
    return { svg, ...checkedSize(svg) }
  } finally {
    view.finalize() // else a timer of the spec would go on
  }
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
  if (svg.length > LIMITS.maxSvgChars) {
    throw new RenderFault({ code: 'too_large', message: 'The chart has too many marks.', hint: 'Aggregate the rows first.' })
  }
  if (outsideReference.test(svg)) {
    throw new RenderFault({ code: 'invalid_input', message: 'spec: a chart may not refer to images, links or addresses.' })
  }
  return size
}

/**
 * A logger that collects the messages of Vega. Vega detaches the functions from the object, so they use no `this` of
 * theirs.
 */
function collectLog() {
  const warnings: string[] = []
  const errors: string[] = []
  const pushTo = (messages: string[]) =>
    function (this: unknown, ...parts: unknown[]) {
      if (messages.length < 5) messages.push(parts.map(String).join(' ').slice(0, 300))
      return this
    }
  const ignore = function (this: unknown) {
    return this
  }
  return { warnings, errors, logger: { level: ignore, error: pushTo(errors), warn: pushTo(warnings), info: ignore, debug: ignore } }
}
