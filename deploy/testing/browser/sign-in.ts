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

/**
 * Does what a person does who has been sent to sign in: chooses a provider, types name and password, decides on the
 * consent page. Each of it once: it ends at the first page that asks nothing, asks again, or where the browser stops.
 */
export async function dance(browser: ScriptedBrowser, start: string | URL, person: Dance): Promise<Page> {
  const done = new Set<string>()
  let page = await browser.open(start)
  for (;;) {
    const next = step(page, person)
    if (!next || done.has(next.what)) return page
    done.add(next.what)
    page = await browser.submit(page, next.form, next.values, next.press)
  }
}

interface Step {
  what: 'sign in' | 'decide' | 'choose'
  form: Form
  values?: Record<string, string>
  press?: string
}

function step({ forms }: Page, { handle, password, decision = 'allow', provider, remember }: Dance): Step | undefined {
  const login = forms.find(({ visible }) => visible.has('password'))
  if (login) {
    const name = login.visible.has('handle') ? 'handle' : 'username'
    return { what: 'sign in', form: login, values: { [name]: handle, password } }
  }
  const consent = forms.find(({ buttons }) => buttons.some(({ name, value }) => name === 'decision' && value === decision))
  if (consent) return { what: 'decide', form: consent, values: remember ? { remember: 'on' } : {}, press: decision }
  const choice = provider && forms.find(({ buttons }) => buttons.some(({ value }) => value === provider))
  return choice ? { what: 'choose', form: choice, press: provider } : undefined
}
