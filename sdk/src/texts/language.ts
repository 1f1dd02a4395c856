/** The languages of pages for people, the first of which everybody gets who asked for none of them. */
export const LANGUAGES = ['en', 'az', 'ru', 'tr'] as const
export type Language = (typeof LANGUAGES)[number]

/** What a language calls itself. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', az: 'Azərbaycanca', ru: 'Русский', tr: 'Türkçe' }

/** The first tag (RFC 5646) whose language we speak: `az-Latn-AZ` is Azerbaijani. */
export function spokenOf(tags: readonly string[]): Language | undefined {
  for (const tag of tags) {
    const primary = tag.trim().toLowerCase().split(/[-_]/, 1)[0]
    const spoken = LANGUAGES.find((language) => language === primary)
    if (spoken) return spoken
  }
  return undefined
}

const maxTags = 32

/** The tags of an `accept-language`, the most wanted first, without refused ones: `q=0` (RFC 9110 §12.5.4). */
export function wantedTags(acceptLanguage: string): string[] {
  const wanted = acceptLanguage
    .split(',', maxTags)
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';').map((word) => word.trim())
      const quality = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2)
      return { tag, quality: quality === undefined ? 1 : Number(quality) }
    })
    .filter(({ quality }) => quality > 0)
  return wanted.sort((a, b) => b.quality - a.quality).map(({ tag }) => tag)
}
