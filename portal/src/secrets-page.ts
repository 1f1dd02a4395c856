import { escape, pageOf } from './frame.ts'
import type { Page } from './frame.ts'

/**
 * Puts the name of the server, which stands behind the # of the address and never reaches the portal, where the page
 * has a place for it: as text, and only if it is the id of a server (`ServerId` of the contract).
 */
const script = `
const show = () => {
  const id = location.hash.slice(1)
  if (!/^[a-z0-9-]{1,32}$/.test(id)) return
  for (const place of document.querySelectorAll('[data-server]')) place.textContent = id
}
addEventListener('hashchange', show)
show()`

const server = '<span data-server>&lt;server&gt;</span>'

/** The page to which a tool leads that lacks a secret: how to give it, until the portal has a form. */
export function secretsPage({ controlUrl }: { controlUrl: string }): Page {
  return pageOf({
    title: 'Your secrets – Bir MCP',
    script,
    content: `<h1>Your secret for <span data-server>a server</span></h1>
<p class="lead">Some tools work only with a secret of yours, such as a token that you made at their service. It is tried there before it is kept, and nothing ever shows it again.</p>

<section aria-labelledby="give">
<h2 id="give">Give it</h2>
<pre tabindex="0">bir login --url ${escape(controlUrl)}
bir secret put ${server}</pre>
<p>It asks for the secret, and shows nothing of what you type. When the service says that it is good, the tools appear in your assistant by themselves; if not, it says why and what to do, and nothing is kept.</p>
<p>In a folder with the gateway's code, write <code>npm run -s bir --</code> in place of <code>bir</code>.</p>
</section>

<section aria-labelledby="what">
<h2 id="what">What is asked for, and where you make it</h2>
<pre tabindex="0">bir secret form ${server}</pre>
</section>

<section aria-labelledby="yours">
<h2 id="yours">Look after yours</h2>
<pre tabindex="0">bir secret list
bir secret check ${server}
bir secret delete ${server}</pre>
</section>
<footer>Never write a secret into a chat or onto a command line: let <code>bir</code> ask for it.</footer>`,
  })
}
