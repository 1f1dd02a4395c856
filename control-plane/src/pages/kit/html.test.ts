import { expect, test } from 'vitest'
import { documentOf, html, styleOf } from './html.ts'
import type { Html } from './html.ts'

const written = (markup: Html) => documentOf(markup).replace('<!doctype html>', '')
const text = `<b title='x' id="y">&amp;\`</b>`

test('a text is escaped between tags and in an attribute; markup stands as it is', () => {
  const escaped = '&#60;b title=&#39;x&#39; id=&#34;y&#34;&#62;&#38;amp;&#96;&#60;/b&#62;'
  expect(written(html`<p title="${text}">${text}${html`<br />`}</p>`)).toBe(`<p title="${escaped}">${escaped}<br /></p>`)
})

test('nothing is written for what is absent, and lists are written in order', () => {
  expect(written(html`<p>${undefined}${false}${[html`<i>${1}</i>`, [html`<i>${2}</i>`]]}</p>`)).toBe('<p><i>1</i><i>2</i></p>')
})

test('an object that looks like markup is none', () => {
  const forged = JSON.parse('{"markup":"<script>"}') as Html
  expect(written(html`<p>${forged}</p>`)).toBe('<p></p>')
})

test('characters that hide or turn others are shown as a replacement', () => {
  expect(written(html`<p>${'a\u202egpj.exe\u0000\u200b\ud800'}</p>`)).toBe('<p>a\ufffdgpj.exe\ufffd\ufffd\ufffd</p>')
})

test.for([
  ['an attribute without quotation marks', '<p title=', '></p>'],
  ['an attribute in single ones', "<p title='", "'></p>"],
  ['the name of a tag', '<', '></p>'],
  ['the place of an attribute', '<p ', '></p>'],
  ['a script', '<script>', '</script>'],
  ['a style', '<style>', '</style>'],
  ['an attribute that is a style', '<p style="', '"></p>'],
  ['an attribute that is a script', '<p onclick="', '"></p>'],
])('a template that has a text as %s is refused', ([, before = '', after = '']) => {
  const template = Object.assign([before, after], { raw: [before, after] })
  expect(() => html(template, text)).toThrow(/safe in this place|no script|cannot be an attribute/)
})

test.for(['javascript:alert(1)', 'data:text/html,x', '//evil.example', '/\\evil.example', 'x', ''])(
  '%s is no address for a link',
  (address) => {
    expect(() => html`<a href="${address}">x</a>`).toThrow('path of this site')
  },
)

test('a path and an address of the web are addresses for a link', () => {
  expect(written(html`<a href="${'/a?b=c&d'}"></a><a href="${'https://a.example'}"></a>`)).toBe(
    '<a href="/a?b=c&#38;d"></a><a href="https://a.example"></a>',
  )
})

test('a style sheet cannot end itself', () => {
  expect(() => styleOf('</style><script>')).toThrow('markup')
})
