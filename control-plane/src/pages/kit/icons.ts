import { html } from './html.ts'

/** The mark of Bir MCP: two arrows that meet. */
export const MARK = html`<svg viewBox="0 0 24 24" aria-hidden="true">
  <rect width="24" height="24" rx="6" fill="#0b62c4" />
  <path d="M7 12h10M7 7l5 5-5 5M17 7l-5 5 5 5" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" />
</svg>`

/** The same for the tab of the browser, as an address. */
export const FAVICON = html`<link
  rel="icon"
  href="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 24 24%22%3E%3Crect width=%2224%22 height=%2224%22 rx=%226%22 fill=%22%230b62c4%22/%3E%3Cpath d=%22M7 12h10M7 7l5 5-5 5M17 7l-5 5 5 5%22 fill=%22none%22 stroke=%22%23fff%22 stroke-width=%222%22 stroke-linecap=%22round%22/%3E%3C/svg%3E"
/>`

export const DOTS = html`<svg class="dots" viewBox="0 0 32 48" aria-hidden="true" fill="currentColor">
  <circle cx="6" cy="24" r="2" />
  <circle cx="16" cy="24" r="2" />
  <circle cx="26" cy="24" r="2" />
</svg>`

export const CHECK = html`<svg
  class="icon"
  viewBox="0 0 20 20"
  aria-hidden="true"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M4.5 10.5l3.5 3.5 7.5-8" />
</svg>`

export const SHIELD = html`<svg
  class="icon"
  viewBox="0 0 20 20"
  aria-hidden="true"
  fill="none"
  stroke="currentColor"
  stroke-width="1.75"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M10 2.2l6.3 2.4v4.7c0 3.9-2.6 6.9-6.3 8.5-3.7-1.6-6.3-4.6-6.3-8.5V4.6z" />
  <path d="M7.2 9.9l2 2 3.6-3.9" />
</svg>`

export const WARNING = html`<svg
  class="icon"
  viewBox="0 0 20 20"
  aria-hidden="true"
  fill="none"
  stroke="currentColor"
  stroke-width="1.75"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M10 3l7.5 13.3h-15z" />
  <path d="M10 8.2v3.6M10 14v.1" />
</svg>`

/** Large signs, at the top of a page that ends something. */
export const DONE_SIGN = html`<svg
  class="sign good"
  viewBox="0 0 48 48"
  aria-hidden="true"
  fill="none"
  stroke="currentColor"
  stroke-width="3"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <circle cx="24" cy="24" r="20" />
  <path d="M15.5 24.5l6 6 11-12.5" />
</svg>`

export const STOP_SIGN = html`<svg
  class="sign bad"
  viewBox="0 0 48 48"
  aria-hidden="true"
  fill="none"
  stroke="currentColor"
  stroke-width="3"
  stroke-linecap="round"
>
  <circle cx="24" cy="24" r="20" />
  <path d="M24 14v13M24 33.5v.1" />
</svg>`

export const ENDED_SIGN = html`<svg
  class="sign"
  viewBox="0 0 48 48"
  aria-hidden="true"
  fill="none"
  stroke="currentColor"
  stroke-width="3"
  stroke-linecap="round"
>
  <circle cx="24" cy="24" r="20" />
  <path d="M16 24h16" />
</svg>`
