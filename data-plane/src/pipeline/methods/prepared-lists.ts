import { madeOf } from '../../protocol/channel/cleared.ts'
import type { Rendered } from '../call/types.ts'

/** What does not fit is made anew each time it is asked for. */
const maxBytes = 64 * 1024 * 1024

/** A shorter text is quicker to send than to keep apart. */
const minEncodedLength = 16 * 1024

interface PreparedList {
  readonly rendered: Rendered
  readonly untilMs: number
}

/** Lists of one policy, by what they differ by, each good until something in it expires. */
export class PreparedLists {
  /** Names what the lists were made of. */
  readonly version: string
  private readonly lists = new Map<string, PreparedList>()
  private bytes = 0

  constructor(version: string) {
    this.version = version
  }

  get(key: string, nowMs: number): Rendered | undefined {
    const list = this.lists.get(key)
    return list && nowMs < list.untilMs ? list.rendered : undefined
  }

  /** Keeps a list, and gives it in the form that is cheapest to send. */
  keep(key: string, list: Rendered, untilMs: number): Rendered {
    const rendered = encoded(list)
    const bytes = rendered.bytes?.length ?? rendered.json.length
    if (this.bytes + bytes > maxBytes) {
      this.lists.clear()
      this.bytes = 0
    }
    this.lists.set(key, { rendered, untilMs })
    this.bytes += bytes
    return rendered
  }
}

/** A long list is kept as bytes alone. */
function encoded(rendered: Rendered): Rendered {
  if (rendered.json.length < minEncodedLength) return rendered
  const bytes = Buffer.from(rendered.json)
  return {
    bytes,
    get json() {
      return madeOf([rendered.json], bytes.toString('utf8'))
    },
  }
}
