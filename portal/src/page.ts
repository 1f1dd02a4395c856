import { createHash } from 'node:crypto'

const style = `
:root { color-scheme: light dark; --ink: #16202b; --soft: #566374; --paper: #f5f7f9; --card: #fff; --line: #d5dce3; --accent: #0b5cb8; --code: #eef2f6 }
@media (prefers-color-scheme: dark) { :root { --ink: #e9eef4; --soft: #a5b1bf; --paper: #10151a; --card: #19212a; --line: #33404d; --accent: #79b8ff; --code: #0d1217 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 3.5rem 1.25rem 4rem }
h1 { margin: 0; font-size: 2.1rem; line-height: 1.2; letter-spacing: -.02em }
.lead { margin: .75rem 0 2rem; font-size: 1.15rem; color: var(--soft) }
section { margin: 0 0 1.25rem; padding: 1.4rem 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px }
h2 { margin: 0 0 .5rem; font-size: 1.1rem } p { margin: 0 0 .75rem } p:last-child { margin: 0 }
pre { margin: .25rem 0 1rem; padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--code); border: 1px solid var(--line); border-radius: 9px; font: 14px/1.5 ui-monospace, monospace }
pre:last-child { margin-bottom: 0 } code { font-family: ui-monospace, monospace; font-size: .92em }
ul { margin: 0; padding-left: 1.2rem } li { margin: .2rem 0 } a { color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
footer { color: var(--soft); font-size: .9rem }`

const styleHash = createHash('sha256').update(style).digest('base64')

/** The policy allows the page's own style, by its hash, and nothing else: no scripts, no requests, no frames. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
} as const

/** The page: what Bir MCP is, how to connect a client, and what will come here. */
export function page({ mcpUrl, controlUrl }: { mcpUrl: string; controlUrl: string }): string {
  const mcp = escape(`${mcpUrl}/mcp`)
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Bir MCP</title><style>${style}</style></head>
<body><main>
<h1>Bir MCP</h1>
<p class="lead">One door between AI assistants and the company's tools: every call is made as a known person, within that person's permission, and leaves a record.</p>

<section aria-labelledby="address">
<h2 id="address">The address</h2>
<p>An assistant that speaks the Model Context Protocol connects here. It sees what its person may use, and nothing else.</p>
<pre tabindex="0">${mcp}</pre>
</section>

<section aria-labelledby="connect">
<h2 id="connect">Connect a client today</h2>
<p>In the folder where the gateway was started:</p>
<pre tabindex="0">npm run -s bir -- connect claude-code --user alice
npm run -s bir -- connect vscode --user alice</pre>
<p>Any other client takes the address above and a token as its bearer:</p>
<pre tabindex="0">npm run -s bir -- token alice</pre>
</section>

<section aria-labelledby="look">
<h2 id="look">See what happened</h2>
<pre tabindex="0">npm run -s bir -- audit search --user alice
npm run -s bir -- explain --user dave --server sql --tool execute_query</pre>
<p>The whole interface is also at <a href="${escape(controlUrl)}/graphql">GraphQL</a>.</p>
</section>

<section aria-labelledby="coming">
<h2 id="coming">What comes to this page</h2>
<ul>
<li>For everyone: chat with the company's tools, ready-made client configurations, your own secrets, your own limits.</li>
<li>For administrators: people and grants, servers, the audit, the policy and who it reaches, the health of every part.</li>
</ul>
</section>
<footer>Until then, everything it will do can be done with the <code>bir</code> command.</footer>
</main></body></html>
`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
