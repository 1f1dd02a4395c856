import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

/** Where systems put Chromium or Chrome. `BIR_CHROMIUM` names another place. */
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The browser of this machine; undefined where there is none, and its tests are skipped. */
export const CHROMIUM: string | undefined = [process.env['BIR_CHROMIUM'], ...places].find((path) => path !== undefined && existsSync(path))

/** A real browser without a window, and without a sandbox: root may run the tests, and all pages are ours. */
export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] })
