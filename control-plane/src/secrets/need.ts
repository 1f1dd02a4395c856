import type { MountedServer } from '@bir/data-plane/catalog'
import { addressWithPath } from '@bir/data-plane/server-kit/secret/audience'
import type { SecretField } from '@bir/sdk/contract/secret-form'
import type { SecretHolderKind } from '@bir/sdk/contract/secret-holder'
import { DEFAULT_SECRET_ORDER } from '@bir/sdk/contract/secret-policy'
import type { SecretPolicy } from '@bir/sdk/contract/secret-policy'
import { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { ServerRow } from '../policy-rows/types.ts'

/** The secrets that a server needs, as its declaration and its settings say. */
export interface SecretNeed {
  /** What each person needs, of their own, of their group or of the shared secret. Empty: people need none. */
  readonly personal: readonly SecretField[]
  /** What the settings take from the shared secret, or else from a file: `{ secret: name }`. */
  readonly named: readonly SecretField[]
  /** Whose secrets count, the first that there is. Empty when people need none. */
  readonly order: readonly SecretHolderKind[]
  /** Where the secret is sent: the address of the service, or all of the settings. A secret is proven for it. */
  readonly audience: string
  /** Where the fields of `named` are sent besides: `field@address` each. */
  readonly namedAudience: readonly string[]
  readonly policy: SecretPolicy
  /** Tries the secret against the service; undefined where the declaration cannot. */
  readonly mounted: MountedServer['secret']
  readonly settings: object
}

type Row = Pick<ServerRow, 'kind' | 'settings' | 'secret'>

export function secretNeedOf({ kind, settings, secret: policy }: Row, server: MountedServer | undefined): SecretNeed {
  const mounted = kind === 'mounted' ? server?.secret : undefined
  const refs = [...refsIn(settings)]
  const declared = Object.entries(mounted?.fields ?? {}).map(([name, { title, help, lines, optional }]) => ({
    name,
    title,
    ...(help !== undefined && { help }),
    lines: lines ?? false,
    required: !optional,
  }))
  const personal = [...declared, ...fieldsOf(refs.filter(({ of }) => of === 'person'))]
  return {
    personal,
    named: fieldsOf(
      refs.filter(({ of, secret: name }) => of === undefined && !personal.some((field) => field.name === name)),
      false,
    ),
    order: personal.length === 0 ? [] : (policy?.from ?? DEFAULT_SECRET_ORDER),
    audience: mounted ? audienceIn(mounted, settings) : [...new Set(addressesIn(settings))].sort().join(' '),
    namedAudience: mounted ? [...new Set(namedAddressesIn(settings))].sort() : [],
    policy: policy ?? {},
    mounted,
    settings,
  }
}

function fieldsOf(refs: readonly FoundRef[], required = true): SecretField[] {
  const names = [...new Set(refs.map(({ secret }) => secret))].sort()
  const hasLines = (name: string) => refs.some(({ secret, lines }) => secret === name && lines)
  return names.map((name) => ({ name, title: name, lines: hasLines(name), required }))
}

/** A reference, and whether its value has lines: the key of a certificate is PEM. */
type FoundRef = SecretRef & { lines: boolean }

/** Settings of another version may not be readable here: then nothing was proven for them. */
function audienceIn(mounted: NonNullable<SecretNeed['mounted']>, settings: object): string {
  try {
    return mounted.audience(settings)
  } catch {
    return ''
  }
}

/** Every reference to a secret, wherever it stands in the settings. */
function* refsIn(value: unknown, lines = false): Generator<FoundRef> {
  if (typeof value !== 'object' || value === null) return
  const { data: ref } = SecretRef.safeParse(value)
  if (ref) return yield { ...ref, lines }
  for (const [key, inner] of Object.entries(value)) yield* refsIn(inner, key === 'key' && 'certificate' in value)
}

/** Every address in the settings: each `url` with its path, and each `host` with its `port`. */
function* addressesIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  yield* addressesOf(value, addressWithPath)
  for (const inner of Object.values(value)) yield* addressesIn(inner)
}

/** Every reference to a shared secret, with the address that stands next to it or around it. */
function* namedAddressesIn(value: unknown, around: readonly string[] = []): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  const { data: ref } = SecretRef.safeParse(value)
  if (ref) {
    if (ref.of === undefined) yield* around.map((address) => `${ref.secret}@${address}`)
    return
  }
  const own = [...addressesOf(value)]
  for (const inner of Object.values(value)) yield* namedAddressesIn(inner, own.length > 0 ? own : around)
}

function* addressesOf(value: object, ofUrl = (url: string) => new URL(url).origin): Generator<string> {
  const { url, host, port }: Record<string, unknown> = { ...value }
  if (typeof url === 'string') yield URL.canParse(url) ? ofUrl(url) : url
  if (typeof host === 'string') yield `${host}:${typeof port === 'number' ? port : ''}`
}
