import { escape, pageOf } from './frame.ts'
import type { Page } from './frame.ts'

/** The page: what Bir MCP is, how to connect a client, and what will come here. */
export function homePage({ mcpUrl, controlUrl }: { mcpUrl: string; controlUrl: string }): Page {
  const mcp = escape(`${mcpUrl}/mcp`)
  const content = `<h1>Bir MCP</h1>
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
<footer>Until then, everything it will do can be done with the <code>bir</code> command.</footer>`
  return pageOf({ title: 'Bir MCP', content })
}
