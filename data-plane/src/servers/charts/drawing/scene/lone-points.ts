import type { SceneMark } from '../text/labels.ts'

/** What is read here of the items of a line or an area. Without `defined` a point is drawn. */
interface PathItem {
  x?: number
  y?: number
  defined?: boolean
  stroke?: unknown
  fill?: unknown
}

const dotPx2 = 34

/** Gives a dot to each point that has no neighbour: a line through it alone has no extent and is not seen. */
export function markLonePoints(scene: SceneMark): void {
  for (const group of scene.items) {
    const marks = group.items ?? []
    const dots = marks.filter(({ marktype }) => marktype === 'line' || marktype === 'area').flatMap(dotsOf)
    for (const mark of marks) if (mark.marktype === 'group') markLonePoints(mark)
    if (dots.length > 0) marks.push({ marktype: 'symbol', role: 'mark', items: dots })
  }
}

function dotsOf({ items }: SceneMark): SceneMark['items'] {
  const isDrawn = (item: PathItem | undefined) => item !== undefined && item.defined !== false
  const lone = (items as PathItem[]).filter((item, i, all) => isDrawn(item) && !isDrawn(all[i - 1]) && !isDrawn(all[i + 1]))
  return lone.map(({ x = 0, y = 0, stroke, fill }) => {
    const dot = { x, y, fill: stroke ?? fill, shape: 'circle', size: dotPx2 }
    return { ...dot, bounds: { x1: x, x2: x, y1: y, y2: y } }
  })
}
