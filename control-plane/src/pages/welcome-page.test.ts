import { textsOf } from '@bir/sdk/texts'
import { LANGUAGES } from '@bir/sdk/texts/language'
import { expect, test } from 'vitest'
import { aRunningControlPlane, MCP_URL } from '../internal/testing.ts'

test('the address of the issuer says what it is, in the language of the browser, with ways on that are there', async () => {
  await using control = await aRunningControlPlane()
  for (const language of LANGUAGES) {
    const answer = await control.get('/', { headers: { accept: 'text/html', 'accept-language': language } })
    const page = await answer.text()
    expect([answer.status, page.includes(textsOf(language).welcome.title)], language).toEqual([200, true])
    expect(page.replaceAll('<wbr />', '')).toContain(`${MCP_URL}/mcp`)
    for (const [, href = ''] of page.matchAll(/<a [^>]*href="(\/[^"]*)"/g))
      expect((await control.get(href, { headers: { accept: 'text/html' } })).status, href).toBe(200)
  }
})
