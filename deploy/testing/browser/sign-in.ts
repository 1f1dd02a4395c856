import type { Form, Page } from './page.ts'
import type { ScriptedBrowser } from './scripted-browser.ts'

interface Person {
  handle: string
  password: string
}

interface Dance extends Person {
  /** What the person presses on the consent page. */
  decision?: 'allow' | 'deny'
  /** The provider that the person chooses, where there are several. */
  provider?: string
  /** Whether the person asks to be remembered. */
  remember?: boolean
}

const maxPages = 10

/**
 * Does what a person does who has been sent to sign in: chooses a provider, types name and password, decides on the
 * consent page. Ends at the first page on which none of these is asked, or where the browser stops.
 */
export async function dance(browser: ScriptedBrowser, start: string | URL, person: Dance): Promise<Page> {
  let page = await browser.open(start)
  for (let count = 0; count < maxPages; count += 1) {
    const next = step(browser, page, person)
    if (!next) return page
    const before = page
    page = await next
    const isRefused = page.status >= 400 && page.url.pathname === before.url.pathname
    if (isRefused) return page
  }
  throw new Error(`After ${maxPages} pages there is still a form: ${page.url.href}: ${page.text}`)
}

function step(browser: ScriptedBrowser, page: Page, person: Dance): Promise<Page> | undefined {
  const { handle, password, decision = 'allow', provider, remember } = person
  const passwordForm = page.forms.find(({ visible }) => visible.has('password'))
  if (passwordForm) {
    const name = [...passwordForm.visible].find((field) => ['handle', 'username', 'login'].includes(field)) ?? 'username'
    return browser.submit(page, passwordForm, { [name]: handle, password })
  }
  const consent = page.forms.find((form) => hasButton(form, 'decision'))
  if (consent) return browser.submit(page, consent, remember ? { remember: 'on' } : {}, decision)
  const choice = page.forms.find((form) => provider !== undefined && form.buttons.some(({ value }) => value === provider))
  if (choice && provider !== undefined) return browser.submit(page, choice, {}, provider)
  return undefined
}

const hasButton = (form: Form, wanted: string) => form.buttons.some(({ name }) => name === wanted)
