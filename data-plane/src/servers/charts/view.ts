import { readFileSync } from 'node:fs'
import { charts, VIEW_URI } from './server.ts'

const html = readFileSync(new URL('view.html', import.meta.url), 'utf8')

/** Hosts of MCP Apps display a drawing in this view. Other hosts display the image of the answer. */
export const view = charts.resource({
  uri: VIEW_URI,
  name: 'picture',
  title: 'Chart',
  description: 'The view in which hosts of MCP Apps show what create_chart and render_vega_lite draw.',
  mimeType: 'text/html;profile=mcp-app',
  read: () => html,
})
