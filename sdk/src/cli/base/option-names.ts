import type { Command } from 'commander'

/** Fields of the API that options set by another way of saying it. */
const otherWords: Readonly<Record<string, string>> = { until: 'ttl' }

/**
 * A fault of the API's input, in the words of the command line: a field is named as the option of this command that
 * sets it, such as `--network` for `networks[0]`. A field that no option sets keeps its name.
 */
export const inOptions = (message: string, { options }: Command): string =>
  message.replaceAll(/(^|; )(\w+)(?:\[\d+\])*: /g, (said, before: string, field: string) => {
    const kebab = field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    const names = [kebab, kebab.replace(/s$/, ''), otherWords[field]]
    const option = names.flatMap((name) => options.filter(({ long }) => long === `--${name}`))[0]
    return option ? `${before}${option.long}: ` : said
  })
