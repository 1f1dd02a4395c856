import * as vega from 'vega'
import { luminance, SERIES_COLORS } from '../data/colors.ts'
import { FAMILY } from './text/fonts.ts'

const darkInk = { text: '#1f2933', muted: '#52606d', line: '#9aa5b1', grid: '#e4e7eb' }
const lightInk = { text: '#f5f7fa', muted: '#cbd2d9', line: '#7b8794', grid: '#3e4c59' }

export interface Look {
  /** As CSS writes colours. */
  background: unknown
  /** Whether names below a chart are turned, because they would run into each other. */
  areLabelsTurned: boolean
}

/** The defaults of how a chart looks: light axes, one accent colour, text that is readable at half size. */
export function themeFor({ background, areLabelsTurned }: Look) {
  const ink = isDark(background) ? lightInk : darkInk
  return {
    background: '#ffffff',
    padding: 16,
    font: FAMILY,
    view: { stroke: null, continuousWidth: 640, continuousHeight: 360, discreteWidth: { step: 48 }, discreteHeight: { step: 28 } },
    title: { anchor: 'start', font: FAMILY, fontSize: 18, fontWeight: 'bold', color: ink.text, subtitleColor: ink.muted, offset: 16 },
    axis: {
      labelFont: FAMILY,
      labelFontSize: 13,
      labelColor: ink.muted,
      labelLimit: 220,
      maxExtent: 500,
      labelPadding: 6,
      titleFont: FAMILY,
      titleFontSize: 13,
      titleFontWeight: 'bold',
      titleColor: ink.text,
      titlePadding: 12,
      gridColor: ink.grid,
      domainColor: ink.line,
      tickColor: ink.line,
      tickSize: 4,
    },
    axisX: { grid: false, labelFlush: false },
    axisXDiscrete: { labelAngle: areLabelsTurned ? -40 : 0 },
    axisY: { domain: false, ticks: false },
    legend: {
      labelFont: FAMILY,
      labelFontSize: 13,
      labelColor: ink.muted,
      labelLimit: 200,
      titleFont: FAMILY,
      titleFontSize: 13,
      titleFontWeight: 'bold',
      titleColor: ink.text,
      symbolType: 'circle',
      symbolSize: 110,
      rowPadding: 6,
    },
    header: { labelFont: FAMILY, labelFontSize: 13, labelColor: ink.muted, titleFont: FAMILY, titleFontSize: 13, titleColor: ink.text },
    text: { font: FAMILY, fontSize: 13, color: ink.text },
    range: { category: SERIES_COLORS, heatmap: ['#eef4fb', '#9fc0e2', '#3b6ea8', '#1d3f6b'], ramp: ['#dce9f6', '#3b6ea8', '#1d3f6b'] },
    mark: { color: SERIES_COLORS[0] },
    bar: { cornerRadiusEnd: 2 },
    line: { strokeWidth: 2.5 },
    area: { opacity: 0.85, line: true },
    point: { filled: true, size: 50 },
    circle: { size: 50, opacity: 0.7 },
    arc: { stroke: '#ffffff', strokeWidth: 2 },
    rect: { stroke: '#ffffff', strokeWidth: 1 },
  }
}

/** Vega reads colours of any notation, and writes them as rgb(1, 2, 3). Its types do not name this function. */
const { interpolate } = vega as unknown as { interpolate: (space: 'rgb') => (from: string, to: string) => (share: number) => string }

/** Whether a background needs light text on it. What cannot be read as a colour counts as the white of a page. */
function isDark(background: unknown): boolean {
  const color = typeof background === 'string' ? interpolate('rgb')(background, background)(0) : ''
  const [, ...parts] = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(color) ?? []
  if (parts.length === 0) return false
  return luminance(`#${parts.map((part) => Number(part).toString(16).padStart(2, '0')).join('')}`) < 0.18
}
