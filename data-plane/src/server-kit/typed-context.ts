import { parseKnownMembers } from '@bir/sdk/contract/known-members'
import type { Level } from '@bir/sdk/contract/level'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { z } from 'zod'
import type { CallContext, Caller } from './context.ts'
import type { FieldsOf } from './secret/define-secret.ts'
import type { GatewayView } from './gateway-view.ts'
import type { SentRequest } from './http/service.ts'
import { sendLog, sendProgress } from './round.ts'
import type { Round, Speech } from './round.ts'
import type { Awaitable } from '../runtime/awaitable.ts'
import type { LogLevel } from '../protocol/log-level.ts'
import type { Notification } from '../protocol/notification.ts'

/** The handler context of a server with settings of this zod type, and with a secret of these fields. */
export type ContextOf<Settings extends z.ZodType, Field extends string> = HandlerContext<z.output<Settings>, FieldsOf<Field>>

/** The context of a handler: the call's context with typed settings and secret, and the means to reach the client. */
export type HandlerContext<Settings, Secret> = Omit<CallContext, 'settings' | 'secret' | 'sent'> &
  Speech & { settings: Settings; secret: Secret; sent(request: SentRequest): void }

/**
 * A class with getters, because one is made for every call: copying the fields of the call's context would cost more.
 */
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
    const responses = this.round.params['inputResponses']
    return typeof responses === 'object' && responses !== null ? (responses as Record<string, unknown>) : undefined
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

  sent(request: SentRequest): void {
    this.context.sent?.(request)
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

/**
 * Parsed settings by the settings object. A policy returns the same object until it changes, so each is parsed once.
 */
const parsedSettings = new WeakMap<object, unknown>()

export function parseOnce<T extends z.ZodType>(type: T, settings: object): z.output<T> {
  const cached = parsedSettings.get(settings)
  if (cached !== undefined) return cached as z.output<T>
  const { data: parsed, error } = parseKnownMembers(type, settings)
  if (error) throw error
  if (typeof parsed === 'object' && parsed !== null) parsedSettings.set(settings, parsed)
  return parsed as z.output<T>
}
