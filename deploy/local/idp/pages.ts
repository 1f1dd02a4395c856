import { createHash } from 'node:crypto'
import { DEMO_PEOPLE } from './people.ts'
import type { Person } from './people.ts'

const style = `
:root { color-scheme: light dark; --ink: #1b2430; --soft: #5b6776; --paper: #f4f6f8; --card: #fff; --line: #cfd6de; --accent: #0b62c4 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --soft: #a3afbd; --paper: #12171d; --card: #1b222b; --line: #3a4654; --accent: #6db1ff } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 25rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px }
h1 { margin: 0 0 .25rem; font-size: 1.4rem } p { margin: 0 0 1.25rem; color: var(--soft) } p:last-child { margin: 0 }
label { display: block; margin: 0 0 .25rem; font-weight: 600 }
input { width: 100%; margin: 0 0 1rem; padding: .65rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--soft); border-radius: 8px }
button { width: 100%; padding: .7rem; font: inherit; font-weight: 600; color: var(--card); background: var(--accent); border: 0; border-radius: 8px; cursor: pointer }
button.second { margin-top: .6rem; color: inherit; background: transparent; border: 1px solid var(--line) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
[role=alert], [role=status] { margin: 1rem 0;  padding: .6rem .75rem; border: 1px solid currentColor; border-radius: 8px }
[role=status] { color: #18794e } [role=alert] { color: #c0262d } 
@media (prefers-color-scheme: dark) { [role=alert] { color: #ff8f8f } [role=status] { color: #5bd39a } }
details { margin-top: 1.25rem; color: var(--soft); font-size: .9rem } ul { margin: .5rem 0 0; padding-left: 1.1rem }`

const styleHash = createHash('sha256').update(style).digest('base64')

export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

const page = (title: string, body: string) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style></head>
<body><main>${body}</main></body></html>`

/** What a browser sees at the address of the provider itself. A password can be tried here. */
export function startPage({
  handle = '',
  fault = '',
  person,
}: { handle?: string; fault?: string; person?: Person | undefined } = {}): string {
  const right =
    person && `<p role="status"><strong>${person.handle}</strong>, that is right. ${escape(person.name)} ${groupsOf(person)}.</p>`
  return page(
    'Sign-in – Bir MCP demo',
    `<h1>Demo identity provider</h1><p>It stands in for your company’s sign-in, on this machine only. Programs that need a person send them here.</p>
${right ?? ''}${fault ? `<p role="alert">${escape(fault)}</p>` : ''}
<form method="post" action="/">
${nameAndPassword(handle)}
<button>Try the password</button></form>
${whoCanSignIn}`,
  )
}

const groupsOf = ({ groups: [group], may }: Person) => (group ? `is in the group ${group} (${escape(may)})` : escape(may))

const whoCanSignIn = `<details><summary>Who can sign in?</summary><ul>${DEMO_PEOPLE.map(
  (person) => `<li><strong>${person.handle}</strong> – ${escape(person.may)}</li>`,
).join('')}</ul><p>Their passwords were printed in the terminal at the first start.</p></details>`

const nameAndPassword = (
  handle: string,
) => `<label for="handle">Name</label><input id="handle" name="handle" value="${escape(handle)}" autocomplete="username" autocapitalize="none" spellcheck="false" required${handle ? '' : ' autofocus'}>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required${handle ? ' autofocus' : ''}>`

/** The login page. It also lists the demo people, because this provider is for trials alone. */
export function loginPage(uid: string, { handle = '', fault = '' }: { handle?: string; fault?: string } = {}): string {
  return page(
    'Sign in – Bir MCP demo',
    `<h1>Sign in</h1><p>Demo identity provider of Bir MCP, on this machine only.</p>
${fault ? `<p role="alert">${escape(fault)}</p>` : ''}
<form method="post" action="/login/${escape(uid)}">
${nameAndPassword(handle)}
<button>Sign in</button></form>
${whoCanSignIn}`,
  )
}

export const continuePage = (uid: string, handle: string): string =>
  page(
    'Continue – Bir MCP demo',
    `<h1>Continue as ${escape(handle)}?</h1><p>A program on this machine asks to act as you at Bir MCP.</p>
<form method="post" action="/login/${escape(uid)}"><button>Continue</button></form>`,
  )

/** Asks whether the session at this provider ends too. `form` is the provider's own, without a button. */
export const signOutPage = (form: string, handle: string): string =>
  page(
    'Sign out – Bir MCP demo',
    `<h1>Sign out?</h1><p>You are signed in here as ${escape(handle)}. The program that sent you here has ended its own session.</p>${form}
<button form="op.logoutForm" name="logout" value="yes">Sign out here too</button>
<button form="op.logoutForm" class="second">Stay signed in here</button>`,
  )

export const signedOutPage = (): string => page('Signed out – Bir MCP demo', '<h1>Signed out</h1><p>You can close this page.</p>')

export const errorPage = (detail: string): string =>
  page(
    'Sign-in failed – Bir MCP demo',
    `<h1>Sign-in failed</h1><p role="alert">${escape(detail)}</p><p>Go back to the program that sent you and try again.</p>`,
  )

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
