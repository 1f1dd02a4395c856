import type { Level } from '@bir/sdk/contract/level'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { z } from 'zod'
import type { CallContext, Caller } from './context.ts'
import type { GatewayView } from './gateway-view.ts'
import { sendLog, sendProgress } from './round.ts'
import type { LogLevel, Round, Speech } from './round.ts'
import type { Awaitable } from '../runtime/awaitable.ts'
import type { Notification } from '../protocol/notification.ts'

/** A handler's context: the call's, with settings and secret as the server declared them, and a voice. */
export type Typed<Settings extends z.ZodType, Secret extends z.ZodType> = HandlerContext<z.output<Settings>, z.output<Secret>>

export type HandlerContext<Settings, Secret> = Omit<CallContext, 'settings' | 'secret'> & Speech & { settings: Settings; secret: Secret }

/** A class, since one is made for every call. */
export class TypedContext<Settings, Secret> implements HandlerContext<Settings, Secret> {
  private readonly context: CallContext
  private readonly round: Round
  readonly settings: Settings
  readonly secret: Secret

  constructor(context: CallContext, round: Round, settings: Settings, secret: Secret) {
    this.context = context
    this.round = round
    this.settings = settings
    this.secret = secret
  }

  get caller(): Caller {
    return this.context.caller
  }

  get level(): Level {
    return this.context.level
  }

  get signal(): AbortSignal {
    return this.context.signal
  }

  get gateway(): GatewayView {
    return this.context.gateway
  }

  get capabilities(): Readonly<Record<string, unknown>> {
    return this.round.client.capabilities
  }

  get inputResponses(): Readonly<Record<string, unknown>> | undefined {
    const given = this.round.params['inputResponses']
    return typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : undefined
  }

  get requestState(): unknown {
    return this.round.state
  }

  tables(connection: string): TableRules | undefined {
    return this.context.tables(connection)
  }

  readSecret(ref: SecretRef): Promise<string> {
    return this.context.readSecret(ref)
  }

  notify(notification: Notification): Awaitable<void> {
    return this.round.onNotification(notification)
  }

  progress(progress: number, total?: number, message?: string): Awaitable<void> {
    return sendProgress(this.round, progress, total, message)
  }

  log(level: LogLevel, data: unknown, logger?: string): Awaitable<void> {
    return sendLog(this.round, level, data, logger)
  }
}

/** A policy hands out the same settings object until it changes: each is parsed once. */
const parsedSettings = new WeakMap<object, unknown>()

export function parsedOnce<T extends z.ZodType>(type: T, settings: object): z.output<T> {
  const known = parsedSettings.get(settings)
  if (known !== undefined) return known as z.output<T>
  const parsed = type.parse(settings)
  if (typeof parsed === 'object' && parsed !== null) parsedSettings.set(settings, parsed)
  return parsed
}
