import { isObject } from '../json/is-object.ts'

type Capabilities = Readonly<Record<string, unknown>>

const uiExtension = 'io.modelcontextprotocol/ui'

/** What a server can tell clients apart by: what it may ask of them, and whether they show apps. */
const abilities: readonly { readonly key: string; has(capabilities: Capabilities): boolean; readonly declared: Capabilities }[] = [
  {
    key: 'form',
    has: ({ elicitation }) => isObject(elicitation) && (isObject(elicitation['form']) || !isObject(elicitation['url'])),
    declared: { elicitation: { form: {} } },
  },
  { key: 'url', has: ({ elicitation }) => isObject(elicitation) && isObject(elicitation['url']), declared: { elicitation: { url: {} } } },
  { key: 'sampling', has: ({ sampling }) => isObject(sampling), declared: { sampling: {} } },
  {
    key: 'sampling-tools',
    has: ({ sampling }) => isObject(sampling) && isObject(sampling['tools']),
    declared: { sampling: { tools: {} } },
  },
  { key: 'roots', has: ({ roots }) => isObject(roots), declared: { roots: {} } },
  {
    key: 'apps',
    has: ({ extensions }) => isObject(extensions) && uiExtension in extensions,
    declared: { extensions: { [uiExtension]: { mimeTypes: ['text/html;profile=mcp-app'] } } },
  },
]

/** A client that can do everything: the gateway lists servers as this one. */
export const EVERY_CAPABILITY = capabilitiesOf(abilities.map(({ key }) => key))

/** Clients with the same key can be asked the same, so every server offers them the same. */
export const audienceOf = (capabilities: Capabilities): string =>
  abilities
    .filter(({ has }) => has(capabilities))
    .map(({ key }) => key)
    .join(' ')

const everyAudience = audienceOf(EVERY_CAPABILITY)
const nobodyAsked = ''

function capabilitiesOf(keys: readonly string[]): Capabilities {
  const merged: Record<string, Record<string, unknown>> = {}
  for (const { key, declared } of abilities) {
    if (!keys.includes(key)) continue
    for (const [name, parts] of Object.entries(declared)) merged[name] = { ...merged[name], ...(parts as object) }
  }
  return merged
}

interface View {
  readonly names: ReadonlySet<string>
  usedMs: number
}

interface Options {
  /** The names of all tools that the server lists to a client with these capabilities. */
  read(capabilities: Capabilities): Promise<ReadonlySet<string>>
  /** Called when it is known what another audience is offered. */
  changed(): void
}

const forgetAfterMs = 10 * 60_000
const maxViews = 16

/**
 * Which tools a server lists only to clients that can do something. A server that lists the same to a client that can
 * do nothing and to one that can do everything is asked no further; of any other, the list is read once for each kind
 * of client that is there.
 */
export class Audiences {
  private readonly options: Options
  private readonly views = new Map<string, View>()
  private readonly reading = new Map<string, Promise<void>>()
  /** The tools that not everybody is offered. */
  private special: ReadonlySet<string> = new Set()

  constructor(options: Options) {
    this.options = options
  }

  /**
   * Whether the server lists the tool to a client with these capabilities. Undefined while that is not known: `ready`
   * finds out.
   */
  isOffered(name: string, capabilities: Capabilities): boolean | undefined {
    if (!this.special.has(name)) return true
    const audience = audienceOf(capabilities)
    if (audience === everyAudience) return true
    if (audience === nobodyAsked) return false
    const view = this.views.get(audience)
    if (view) view.usedMs = performance.now()
    return view?.names.has(name)
  }

  /** Undefined when it is known what clients with these capabilities are offered. Never rejects. */
  ready(capabilities: Capabilities): Promise<void> | undefined {
    const audience = audienceOf(capabilities)
    if (this.special.size === 0 || audience === everyAudience || audience === nobodyAsked || this.views.has(audience)) return undefined
    const reading = this.reading.get(audience) ?? this.readView(audience).finally(() => this.reading.delete(audience))
    this.reading.set(audience, reading)
    return reading
  }

  /** The server offers these tools to a client that can do everything: reads again what the others are offered. */
  async refresh(all: ReadonlySet<string>): Promise<void> {
    const plain = await this.options.read({})
    this.special = new Set([...all].filter((name) => !plain.has(name)))
    const nowMs = performance.now()
    for (const [audience, { usedMs }] of this.views)
      if (this.special.size === 0 || nowMs - usedMs > forgetAfterMs) this.views.delete(audience)
    for (const [audience, view] of this.views) {
      const names = await this.namesFor(audience)
      if (this.views.get(audience) === view) this.views.set(audience, { names, usedMs: view.usedMs })
    }
  }

  private async readView(audience: string): Promise<void> {
    const names = await this.namesFor(audience).catch(() => undefined)
    if (!names) return
    if (this.views.size >= maxViews) this.dropOldest()
    this.views.set(audience, { names, usedMs: performance.now() })
    this.options.changed()
  }

  private dropOldest(): void {
    const [oldest] = [...this.views].toSorted(([, a], [, b]) => a.usedMs - b.usedMs)
    if (oldest) this.views.delete(oldest[0])
  }

  private namesFor(audience: string): Promise<ReadonlySet<string>> {
    return this.options.read(capabilitiesOf(audience.split(' ')))
  }
}
