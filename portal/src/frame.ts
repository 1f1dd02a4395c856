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

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const styleHash = hashOf(style)

/** A page of the portal, made once, with the headers that it is sent with. */
export interface Page {
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Puts a page together. Its policy allows its own style, and its own script where it has one, each by its hash, and
 * nothing else: no requests, no frames. `content` is HTML.
 */
export function pageOf({ title, content, script }: { title: string; content: string; script?: string }): Page {
  const scripts = script === undefined ? '' : ` script-src ${hashOf(script)};`
  return {
    html: `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title><style>${style}</style></head>
<body><main>
${content}
</main>${script === undefined ? '' : `<script>${script}</script>`}</body></html>
`,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src ${styleHash};${scripts} base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
    },
  }
}

/** A text as HTML. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
