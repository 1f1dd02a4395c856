import type { Log } from '../base/log.ts'
import { StoreFault } from './stores/store.ts'
import type { SecretStore, StoreFaultKind } from './stores/store.ts'

const lookEveryMs = 5_000

/** Why the store cannot be used, for everybody who may ask for the health: the words of its fault name addresses. */
interface StoreTrouble {
  store: SecretStore['kind']
  fault: StoreFaultKind | 'unknown'
  /** ISO 8601. */
  since: string
}

/** Asks the store every few seconds whether it can be used, for `GET /health` and for the log. */
export interface StoreWatch {
  /** Undefined while it can be used. */
  readonly trouble: StoreTrouble | undefined
  /** Looks now. */
  look(): Promise<void>
  stop(): Promise<void>
}

export function watchStore(store: Pick<SecretStore, 'kind' | 'check'>, log: Log, nowMs = () => Date.now()): StoreWatch {
  let trouble: StoreTrouble | undefined
  let looking: Promise<void> = Promise.resolve()

  const lookOnce = async () => {
    const error: unknown = await store.check().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error === undefined) {
      if (trouble) log('info', 'secret-store-back', { store: store.kind, since: trouble.since })
      trouble = undefined
      return
    }
    const [fault, why] = error instanceof StoreFault ? ([error.kind, error.message] as const) : (['unknown', undefined] as const)
    if (trouble?.fault === fault) return
    log('error', 'secret-store-away', { store: store.kind, fault, why })
    trouble = { store: store.kind, fault, since: trouble?.since ?? new Date(nowMs()).toISOString() }
  }
  const look = () => (looking = looking.then(lookOnce))
  const lookInPassing = () => {
    look().catch((error: unknown) => log('error', 'secret-store-not-watched', { why: error instanceof Error ? error.name : 'unknown' }))
  }
  const timer = setInterval(lookInPassing, lookEveryMs).unref()
  lookInPassing()

  return {
    get trouble() {
      return trouble
    },
    look,
    async stop() {
      clearInterval(timer)
      await looking
    },
  }
}
