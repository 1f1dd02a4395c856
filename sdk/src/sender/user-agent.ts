/** What a `User-Agent` (RFC 9110 §10.1.5) says: a program, as it is called, and where it runs. */
export interface UserAgent {
  /** Such as `Chrome` or `claude-code`. Empty when the text names none. */
  program: string
  version: string | undefined
  /** Such as `Windows`, where the text says it. */
  system: string | undefined
}

/**
 * Browsers, by what only they say. All call themselves Mozilla, most Chrome and Safari as well, so the first that fits
 * is it.
 */
const browsers: readonly [name: string, mark: RegExp][] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /\bOPR\/(\d+)/],
  ['Samsung Internet', /\bSamsungBrowser\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /\b(?:Chrome|HeadlessChrome|Chromium|CriOS)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+)[^ ]* (?:Mobile\/\S+ )?Safari\//],
]

/** The order matters: an iPad says Mac OS X too, Android says Linux. */
const systems: readonly [name: string, mark: RegExp][] = [
  ['iOS', /\b(?:iPhone|iPad|iPod)\b/],
  ['Android', /\bAndroid\b/i],
  ['Windows', /\bwin(?:dows|32)\b/i],
  ['ChromeOS', /\bCrOS\b/],
  ['macOS', /\b(?:Mac OS X|Macintosh|macos|darwin)\b/i],
  ['Linux', /\b(?:Linux|X11)\b/i],
]

/** Reads a `User-Agent`. A browser is told from others by its own name, not by the one that all browsers share. */
export function readUserAgent(text: string): UserAgent {
  const system = systems.find(([, mark]) => mark.test(text))?.[0]
  if (text.startsWith('Mozilla/')) {
    for (const [program, mark] of browsers) {
      const version = mark.exec(text)?.[1]
      if (version !== undefined) return { program, version, system }
    }
  }
  const [, program = '', version] = /^\s*([^/()\s][^/()]*?)\s*(?:\/(\S+)|\(|$)/.exec(text) ?? []
  return { program, version, system }
}
