import type { Language } from '@bir/sdk/texts/language'
import { textsOf } from '@bir/sdk/texts'
import type { Answer } from '../base/http.ts'
import { html } from './kit/html.ts'
import { pageAnswer } from './kit/page.ts'
import { address, fact } from './kit/parts.ts'

export interface WelcomeData {
  /** The address that assistants connect to. */
  mcp: string
  /** The path of GraphiQL, where it is served. */
  graphiql?: string | undefined
}

/** For a person who opens the issuer's own address: what is here, and the ways on from it. */
export function welcomePage({ mcp, graphiql }: WelcomeData, language: Language): Answer {
  const { welcome } = textsOf(language)
  const body = html`<h1>${welcome.title}</h1>
    <p class="lead">${welcome.what}</p>
    <dl>${fact(welcome.assistants, address(mcp))}</dl>
    <p class="after"><a class="button" href="/oauth/device">${welcome.device}</a></p>
    <p class="after"><a class="button" href="/oauth/logout">${welcome.signOut}</a></p>
    ${graphiql !== undefined && html`<p class="after"><a class="button" href="${graphiql}">${welcome.api}</a></p>`}`
  return pageAnswer({ language, title: welcome.title, body })
}
