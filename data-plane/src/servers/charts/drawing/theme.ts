const fontName = 'DejaVu Sans'
const textColor = '#1f2933'
const mutedColor = '#52606d'
const lineColor = '#e4e7eb'
import { SERIES_COLORS } from '../data/colors.ts'

/** The defaults of how a chart looks: light axes, one accent colour, text that is readable at half size. */
export const THEME = {
  background: '#ffffff',
  padding: 16,
  font: fontName,
  view: { stroke: null, continuousWidth: 640, continuousHeight: 360, discreteWidth: { step: 48 }, discreteHeight: { step: 28 } },
  title: { anchor: 'start', font: fontName, fontSize: 18, fontWeight: 'bold', color: textColor, offset: 16 },
  axis: {
    labelFont: fontName,
    labelFontSize: 13,
    labelColor: mutedColor,
    labelLimit: 220,
    labelPadding: 6,
    titleFont: fontName,
    titleFontSize: 13,
    titleFontWeight: 'bold',
    titleColor: textColor,
    titlePadding: 12,
    gridColor: lineColor,
    domainColor: '#9aa5b1',
    tickColor: '#9aa5b1',
    tickSize: 4,
  },
  axisX: { grid: false, labelFlush: false },
  axisXDiscrete: { labelAngle: -40 },
  axisY: { domain: false, ticks: false },
  legend: {
    labelFont: fontName,
    labelFontSize: 13,
    labelColor: mutedColor,
    labelLimit: 200,
    titleFont: fontName,
    titleFontSize: 13,
    titleFontWeight: 'bold',
    titleColor: textColor,
    symbolType: 'circle',
    symbolSize: 110,
    rowPadding: 6,
  },
  header: { labelFont: fontName, labelFontSize: 13, labelColor: mutedColor, titleFont: fontName, titleFontSize: 13, titleColor: textColor },
  text: { font: fontName, fontSize: 13, color: textColor },
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
