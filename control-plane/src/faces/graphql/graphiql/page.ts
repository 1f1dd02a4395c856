import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { GraphiQLOptions } from 'graphql-yoga'

/** Where the parts of GraphiQL are served. A hash of them follows, so that a browser may keep them for ever. */
const assetsPath = '/graphql/graphiql/'
const cacheForever = 'public, max-age=31536000, immutable'

const mark =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="6" fill="#0b62c4"/><path d="M7 12h10M7 7l5 5-5 5M17 7l-5 5 5 5" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>'

const title = 'Bir MCP: GraphQL'
const favicon = `data:image/svg+xml,${encodeURIComponent(mark)}`

const firstQuery = `# The book at the top left shows the schema.
# People may ask about themselves,
# administrators about everything.

{
  servers {
    id
    title
  }
  users(first: 10) {
    edges {
      node {
        handle
        name
        groups
      }
    }
  }
}
`

/** Headers are not written to the browser's storage. */
const graphiqlOptions: GraphiQLOptions & { query: string } = {
  title,
  logo: mark,
  favicon,
  defaultQuery: firstQuery,
  // A page that is loaded again opens this, and not an empty tab.
  query: firstQuery,
  shouldPersistHeaders: false,
}

interface Assets {
  hash: string
  files: ReadonlyMap<string, { type: string; bytes: Buffer; gzipped: Buffer }>
}

let loading: Promise<Assets> | undefined
/** The parts are imported on their first use: they are large. */
const assets = (): Promise<Assets> => (loading ??= loadAssets())

async function loadAssets(): Promise<Assets> {
  const { css, js, editorWorkerService, graphqlWorker, jsonWorker } = await import('@graphql-yoga/render-graphiql/graphiql')
  const script = 'text/javascript; charset=utf-8'
  const sources: [string, string, string][] = [
    ['graphiql.css', 'text/css; charset=utf-8', css],
    ['graphiql.js', script, js],
    ['editor.worker.js', script, editorWorkerService],
    ['graphql.worker.js', script, graphqlWorker],
    ['json.worker.js', script, jsonWorker],
  ]
  const hash = createHash('sha256')
  const files = await Promise.all(
    sources.map(async ([name, type, text]) => {
      const bytes = Buffer.from(text)
      hash.update(bytes)
      return [name, { type, bytes, gzipped: await promisify(gzip)(bytes) }] as const
    }),
  )
  return { hash: hash.digest('hex').slice(0, 16), files: new Map(files) }
}

const withToken: GraphiQLOptions = {
  headers: JSON.stringify({ Authorization: 'Bearer TOKEN' }, null, 2),
  defaultEditorToolsVisibility: 'headers',
}

const barStyle =
  'body{display:flex;flex-direction:column;margin:0;height:100vh}#root{flex:1;min-height:0}#bar{padding:.4rem .8rem;font:14px system-ui,sans-serif}'

/** A handle needs no escaping: it has letters, digits and . _ @ - alone. */
const barOf = (person: { handle: string } | undefined) =>
  person
    ? `<div id="bar">Signed in as <strong>${person.handle}</strong>. <a href="/oauth/logout">Sign out</a></div>`
    : `<div id="bar"><a href="/oauth/sign-in?return=/graphql">Sign in</a>, or put a token into "Headers" below, for TOKEN: <code>npm run -s bir -- token admin --api</code> prints one.</div>`

/**
 * The page, which names its script, its style and its workers by their addresses here: it loads nothing from other
 * sites, and a browser fetches each part when it needs it, once. Who is signed in needs no token; everybody else may
 * sign in, or send one.
 */
export async function renderGraphiql(person: { handle: string } | undefined): Promise<string> {
  const options = { ...graphiqlOptions, ...(person ? {} : withToken) }
  const base = `${assetsPath}${(await assets()).hash}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<link rel="icon" href="${favicon}">
<link rel="stylesheet" href="${base}/graphiql.css">
<style>${barStyle}</style>
</head>
<body id="body" class="no-focus-outline">
<noscript>This page needs JavaScript. The API does not: see schema.graphql.</noscript>
${barOf(person)}
<div id="root"></div>
<script>
const workers = { editorWorkerService: 'editor', json: 'json', graphql: 'graphql' }
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_module, label) => '${base}/' + workers[label] + '.worker.js' }
</script>
<script src="${base}/graphiql.js"></script>
<script>YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), ${JSON.stringify(options).replaceAll('<', '\\u003c')})</script>
</body>
</html>`
}

/** Serves a part of GraphiQL. Resolves with false when the request is for something else. */
export async function serveAsset({ method, url = '', headers }: IncomingMessage, response: ServerResponse): Promise<boolean> {
  if (method !== 'GET' || !url.startsWith(assetsPath)) return false
  const { hash, files } = await assets()
  const [, name = ''] = url.slice(assetsPath.length).split(`${hash}/`)
  const file = files.get(name)
  if (!file) {
    response.writeHead(404).end()
    return true
  }
  const isGzipped = /\bgzip\b/.test(headers['accept-encoding'] ?? '')
  response.writeHead(200, {
    'content-type': file.type,
    'cache-control': cacheForever,
    vary: 'accept-encoding',
    ...(isGzipped && { 'content-encoding': 'gzip' }),
  })
  response.end(isGzipped ? file.gzipped : file.bytes)
  return true
}
