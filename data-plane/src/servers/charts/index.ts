import { createChart } from './create-chart.ts'
import { renderVegaLite } from './render-vega-lite.ts'
import { charts } from './server.ts'
import { view } from './view.ts'
import { validateSpec } from './validate-spec.ts'

export default charts.with(createChart, renderVegaLite, validateSpec, view)
