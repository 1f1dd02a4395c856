import type { Language } from '@bir/sdk/texts/language'
import { textsOf } from '@bir/sdk/texts'
import type { Texts } from '@bir/sdk/texts'
import type { Answer } from '../base/http.ts'
import { html } from './kit/html.ts'
import type { Part } from './kit/html.ts'
import { DONE_SIGN, ENDED_SIGN } from './kit/icons.ts'
import { pageAnswer } from './kit/page.ts'
import { hiddenFields, who } from './kit/parts.ts'
import { nameOf } from './kit/shown.ts'
import type { ShownPerson } from './kit/shown.ts'

export interface SignOutData {
  csrf: string
  person: ShownPerson
  /** More that the form carries, such as where to return to. */
  fields?: Record<string, string>
}

/** Asks whether to sign out. It posts `csrf` and the given fields to /oauth/logout. */
export function signOutPage({ csrf, person, fields = {} }: SignOutData, language: Language): Answer {
  const texts = textsOf(language)
  const { signOut } = texts
  const body = html`<h1>${signOut.title}</h1>
    <p class="lead">${signOut.ends}</p>
    ${who(texts, person)}
    <form method="post" action="/oauth/logout">${hiddenFields({ ...fields, csrf })}<button class="main">${signOut.button}</button></form>`
  return pageAnswer({ language, title: signOut.title, body, leadsElsewhere: true })
}

export interface SignedOutData {
  /** The provider, where it has no sign-out that we could have used. */
  stillAt?: string | undefined
  /** A site that a client wants the person to go on to, and that nobody here vouches for. */
  onwardTo?: string | undefined
}

export function signedOutPage({ stillAt, onwardTo }: SignedOutData, language: Language): Answer {
  const { signOut, common } = textsOf(language)
  const still = stillAt !== undefined && html`<p>${signOut.stillAt({ provider: nameOf(stillAt) })}</p>`
  const body = html`${ENDED_SIGN}
    <h1>${signOut.doneTitle}</h1>
    <p class="lead">${signOut.done}</p>
    ${still}
    <p>${common.mayClose}</p>
    ${onwardTo !== undefined && wayOn(signOut, onwardTo)}`
  return pageAnswer({ language, title: signOut.doneTitle, body, isLast: true })
}

/** The host is named in full, as browsers resolve it: letters of other scripts are written as `xn--…`. */
function wayOn({ onward, goOn }: Texts['signOut'], href: string): Part {
  const { host } = new URL(href)
  return html`<p>${onward({ host })}</p>
    <p class="after"><a class="button" href="${href}">${goOn({ host })}</a></p>`
}

/** All is done, and the window has no more use. */
export function donePage(language: Language): Answer {
  const { done, common } = textsOf(language)
  return pageAnswer({
    language,
    title: done.title,
    body: html`${DONE_SIGN}
      <h1>${done.title}</h1>
      <p class="lead">${common.mayClose}</p>`,
    isLast: true,
  })
}

/** Somebody comes back to what they have answered in this browser, whatever they answered. */
export function finishedPage(language: Language): Answer {
  const { done, common } = textsOf(language)
  const body = html`${ENDED_SIGN}
    <h1>${done.finished}</h1>
    <p class="lead">${common.mayClose}</p>`
  return pageAnswer({ language, title: done.finished, body, isLast: true })
}
