import { textWidth } from './fonts.ts'

/** What is read here of the scene that Vega draws: marks hold items, and the items of groups hold marks. */
export interface SceneMark {
  /** What is drawn of each item, such as line or text. */
  marktype?: string
  role?: string
  items: SceneItem[]
}

interface SceneItem {
  items?: SceneMark[]
  text?: unknown
  limit?: number
  angle?: number
  opacity?: number
  fontSize?: number
  fontWeight?: string | number
  bounds: Bounds
}

interface Bounds {
  x1: number
  x2: number
  y1: number
  y2: number
}

type Label = SceneItem & { text: string; limit: number }

const minGapPx = 2

/** Whether level labels of an axis run into each other. */
export function hasCrowdedLabels(scene: SceneMark): boolean {
  return marksOf(scene, 'axis-label').some(({ items }) => {
    const level = items.filter(({ angle, opacity }) => !angle && opacity !== 0)
    const sorted = level.map(({ bounds }) => bounds).toSorted((a, b) => a.x1 - b.x1)
    return sorted.some((bounds, i) => i > 0 && meet(sorted[i - 1] ?? bounds, bounds))
  })
}

const meet = (left: Bounds, right: Bounds) => right.x1 < left.x2 + minGapPx && left.y1 < right.y2 && right.y1 < left.y2

/** Cuts labels in the middle that would all be cut to the same text. */
export function tellLabelsApart(scene: SceneMark): void {
  const lists = [
    ...marksOf(scene, 'axis-label').map(({ items }) => items),
    ...marksOf(scene, 'legend').map((legend) => marksOf(legend, 'legend-label').flatMap(({ items }) => items)),
  ]
  for (const list of lists) {
    const cutLabels = list.filter(isCut)
    const alike = Map.groupBy(cutLabels, (label) => cutEnd(label, label.text))
    for (const labels of alike.values()) if (new Set(labels.map(({ text }) => text)).size > 1) cutApart(labels)
  }
}

/** The marks of a role, wherever they are in the scene. Legends hold theirs in groups of groups. */
function marksOf(mark: SceneMark, role: string): SceneMark[] {
  if (mark.role === role) return [mark]
  return mark.items.flatMap(({ items = [] }) => items.flatMap((inner) => marksOf(inner, role)))
}

const isCut = (item: SceneItem): item is Label =>
  typeof item.text === 'string' && Number(item.limit) > 0 && textWidth(item, item.text) >= Number(item.limit)

const ellipsis = '…'

/** Tries the ways in turn: beginning and end, then the place where the texts begin to differ, then a number. */
function cutApart(labels: Label[]): void {
  const texts = [...new Set(labels.map(({ text }) => text))]
  const [first = ''] = texts
  const alikeChars = Array.from(first).findIndex((_, i) => texts.some((text) => text[i] !== first[i]))
  const ways = [
    cutMiddle,
    (label: Label) => cutAround(label, alikeChars),
    (label: Label) => cutNumbered(label, texts.indexOf(label.text) + 1),
  ]
  const results = ways.map((cut) => labels.map(cut))
  const best = results.find((cut) => new Set(cut).size === texts.length)
  for (const [i, label] of labels.entries()) label.text = best?.[i] ?? label.text
}

/** The longest beginning of the text that fits, as Vega cuts it. */
function cutEnd(label: Label, text: string): string {
  if (textWidth(label, text) < label.limit) return text
  return longest(label, text.length, (length) => text.slice(0, length) + ellipsis)
}

/** The beginning and the end of the text, as much of both as fits. */
const cutMiddle = (label: Label) =>
  longest(
    label,
    label.text.length,
    (length) => label.text.slice(0, Math.ceil(length / 2)) + ellipsis + label.text.slice(label.text.length - Math.floor(length / 2)),
  )

function cutAround(label: Label, place: number): string {
  const beginning = label.text.slice(0, 6) + ellipsis
  return cutEnd(label, beginning + label.text.slice(Math.max(6, place - 4)))
}

const cutNumbered = (label: Label, number: number) =>
  longest(label, label.text.length, (length) => `${label.text.slice(0, length)}${ellipsis} ${number}`)

/** The last of the texts for 0 to `max` characters that is shorter than the limit of the label. */
function longest(label: Label, max: number, textOf: (length: number) => string): string {
  let [fits, tooLong] = [0, max]
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1
    if (textWidth(label, textOf(middle)) < label.limit) fits = middle
    else tooLong = middle
  }
  return textOf(fits)
}
