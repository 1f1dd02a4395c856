import type * as vega from 'vega'
import { SERIES_COLORS } from '../../data/colors.ts'
import type { SceneMark } from '../text/labels.ts'

/** What a drawing shows wrongly, though Vega says nothing. */
export function doubtsOfScene(spec: vega.Spec, view: vega.View, scene: SceneMark): string[] {
  const scales = spec.scales ?? []
  const hasLog = /"type":"log"/.test(JSON.stringify([scales, spec.marks?.map((mark) => ('scales' in mark ? mark.scales : []))]))
  const flatBars = hasLog ? barsOf(scene).filter(({ width, height }) => width === 0 || height === 0).length : 0
  return [
    ...(flatBars > 0
      ? [
          `${flatBars === 1 ? 'One bar has' : `${flatBars} bars have`} no length, because a log scale begins at the smallest value. Set "scale": {"type": "symlog"}.`,
        ]
      : []),
    ...scales.flatMap((scale) => doubtOfColors(scale, view) ?? []),
  ]
}

interface Bar {
  width?: number
  height?: number
}

/** The rectangles of a scene, wherever they are in groups. */
function barsOf(mark: SceneMark): Bar[] {
  if (mark.marktype === 'rect') return mark.items as Bar[]
  return mark.items.flatMap(({ items = [] }) => items.flatMap(barsOf))
}

function doubtOfColors(scale: vega.Scale, view: vega.View): string | undefined {
  if (scale.type !== 'ordinal' || !('range' in scale) || scale.range !== 'category') return undefined
  const { length } = (view as unknown as { scale(name: string): { domain(): unknown[] } }).scale(scale.name).domain()
  if (length <= SERIES_COLORS.length) return undefined
  return `${length} names share ${SERIES_COLORS.length} colours, so some have the same. Show fewer, or tell them apart by a facet too.`
}
