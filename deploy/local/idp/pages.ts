import { html } from '@bir/control-plane/pages/kit/html'
import type { Part } from '@bir/control-plane/pages/kit/html'
import { pageAnswer } from '@bir/control-plane/pages/kit/page'
import type { Page } from '@bir/control-plane/pages/kit/page'
import { describedByFault, faultOf, hiddenFields } from '@bir/control-plane/pages/kit/parts'
import { DEMO_PEOPLE } from './people.ts'
import type { Person } from './people.ts'

/** Pages of the demo provider: English alone, made of the gateway's kit. */
const page = (title: string, body: Part, { status = 200, leadsElsewhere = false } = {}): Page =>
  pageAnswer({ language: 'en', title: `${title} (demo)`, body, status, leadsElsewhere, hasSwitch: false })

/** What a browser sees at the address of the provider itself. A password can be tried here. */
export function startPage({ handle = '', fault, person, status = 200 }: Tried = {}): Page {
  const right =
    person && html`<p class="box" role="status"><strong>${person.handle}</strong>, that is right. ${person.name} ${groupsOf(person)}.</p>`
  const body = html`<h1>Demo identity provider</h1>
    <p class="lead">It stands in for your company’s sign-in, on this machine only. Programs that need a person send them here.</p>
    ${right}
    <form method="post" action="/">${nameAndPassword(handle, fault)}<button class="main">Try the password</button></form>
    ${whoCanSignIn}`
  return page('Sign-in', body, { status })
}

interface Tried {
  handle?: string
  fault?: string
  person?: Person
  status?: number
}

const groupsOf = ({ groups: [group], may }: Person) => (group ? `is in the group ${group} (${may})` : may)

const whoCanSignIn = html`<details>
  <summary>Who can sign in?</summary>
  <ul>
    ${DEMO_PEOPLE.map((person) => html`<li><strong>${person.handle}</strong> – ${person.may}</li>`)}
  </ul>
  <p>Their passwords were printed in the terminal at the first start.</p>
</details>`

function nameAndPassword(handle: string, fault: string | undefined) {
  const focus = html`autofocus`
  return html`${faultOf(fault)}
    <label for="handle">Name</label>
    <input
      id="handle"
      name="handle"
      type="text"
      value="${handle}"
      autocomplete="username"
      autocapitalize="none"
      spellcheck="false"
      required
      ${handle === '' && focus}
      ${describedByFault(fault)}
    />
    <label for="password">Password</label>
    <input
      id="password"
      name="password"
      type="password"
      autocomplete="current-password"
      required
      ${handle !== '' && focus}
      ${describedByFault(fault)}
    />`
}

/** The login page. It also lists the demo people, because this provider is for trials alone. */
export function loginPage(uid: string, { handle = '', fault, status = 200 }: Tried = {}): Page {
  const body = html`<h1>Sign in</h1>
    <p class="lead">Demo identity provider of Bir MCP, on this machine only.</p>
    <form method="post" action="${`/login/${uid}`}">${nameAndPassword(handle, fault)}<button class="main">Sign in</button></form>
    ${whoCanSignIn}`
  return page('Sign in', body, { status, leadsElsewhere: true })
}

export function continuePage(uid: string, handle: string): Page {
  const body = html`<h1>Continue as ${handle}?</h1>
    <p class="lead">A program on this machine asks to act as you at Bir MCP.</p>
    <form method="post" action="${`/login/${uid}`}"><button class="main">Continue</button></form>`
  return page('Continue', body, { leadsElsewhere: true })
}

/** Asks whether the session at this provider ends too. `form` is oidc-provider's own, of which its token is kept. */
export function signOutPage(form: string, handle: string): Page {
  const xsrf = /name="xsrf" value="([^"]*)"/.exec(form)?.[1] ?? ''
  const body = html`<h1>Sign out?</h1>
    <p class="lead">You are signed in here as ${handle}. The program that sent you here has ended its own session.</p>
    <form method="post" action="/session/end/confirm">
      ${hiddenFields({ xsrf })}
      <button class="main" name="logout" value="yes">Sign out here too</button>
      <button>Stay signed in here</button>
    </form>`
  return page('Sign out', body, { leadsElsewhere: true })
}

export const signedOutPage = (): Page =>
  page(
    'Signed out',
    html`<h1>Signed out</h1>
      <p class="lead">You can close this page.</p>`,
  )

export function errorPage(detail: string): Page {
  const body = html`<h1>Sign-in failed</h1>
    <p class="box fault" role="alert">${detail}</p>
    <p>Go back to the program that sent you and try again.</p>`
  return page('Sign-in failed', body, { status: 400 })
}
