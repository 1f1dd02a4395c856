import type { Texts } from '@bir/sdk/texts'
import { html } from './html.ts'
import type { Html, Part } from './html.ts'
import { CHECK, DOTS, MARK, WARNING } from './icons.ts'
import { letterOf, nameOf } from './shown.ts'
import type { ShownPerson } from './shown.ts'

/** Pieces that several pages are made of. */

export const hiddenFields = (fields: Record<string, string>): Html[] =>
  Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)

/** Two parties that are about to be joined. */
export const pair = (client: string): Html =>
  html`<div class="pair"><span class="letter" aria-hidden="true">${letterOf(client)}</span>${DOTS}${MARK}</div>`

/** Who is signed in. `form` is the way to be somebody else, which says `decision=other-person`. */
export function who(texts: Texts, person: ShownPerson, form?: { action: string; fields: Record<string, string> }): Html {
  const name = nameOf(person.name || person.handle)
  const handle = nameOf(person.handle)
  const { otherPerson, notYou } = texts.common
  return html`<div class="who">
    <span class="letter" aria-hidden="true">${letterOf(name)}</span>
    <p><small>${texts.common.person}</small><strong>${name}</strong>${handle !== name && html` <span class="soft">${handle}</span>`}</p>
    ${
      form &&
      html`<form method="post" action="${form.action}">
        ${hiddenFields(form.fields)}
        <button class="quiet" name="decision" value="other-person" aria-label="${otherPerson}" title="${otherPerson}">${notYou}</button>
      </form>`
    }
  </div>`
}

/** An address that may break after its parts. */
export const address = (text: string): Html => html`${text.split(/(?<=[/.:](?![/.:]))/).map((part) => html`${part}<wbr />`)}`

/** What was wrong with a field; the field names it with `describedByFault`. */
export const faultOf = (text: string | undefined): Part =>
  text !== undefined && html`<p id="fault" class="box fault" role="alert">${text}</p>`

export const describedByFault = (fault: string | undefined): Part =>
  fault !== undefined && html`aria-invalid="true" aria-describedby="fault"`

export const point = (text: Part): Html => html`<li class="row good">${CHECK}<span>${text}</span></li>`

/** What a client may do with a token for this resource: call tools at `…/mcp` or `…/mcp/<server>`, or use the API. */
export const mayDo = ({ consent }: Texts, resource: string): Html[] =>
  /\/mcp(?:\/[^/]+)?$/.test(resource) ? [point(consent.callTools), point(consent.recorded)] : [point(consent.useApi)]

export const fact = (name: string, value: Part): Html =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`

/** What a person should think about before they go on; the last sentence is the advice. */
export function cautions(heading: string, sentences: readonly string[], advice: string): Html | false {
  if (sentences.length === 0) return false
  return html`<section class="box caution row" aria-label="${heading}">
    ${WARNING}
    <div>
      ${sentences.map((sentence) => html`<p>${sentence}</p>`)}
      <p><strong>${advice}</strong></p>
    </div>
  </section>`
}

/** A form with the choice between no and yes. No comes first: the key Enter in a field presses the first button. */
export function decisionForm(
  texts: { deny: string; allow: string },
  form: { action: string; fields: Record<string, string>; before?: Part },
): Html {
  return html`<form method="post" action="${form.action}">
    ${hiddenFields(form.fields)}${form.before}
    <div class="two">
      <button name="decision" value="deny">${texts.deny}</button><button class="main" name="decision" value="allow">${texts.allow}</button>
    </div>
  </form>`
}
