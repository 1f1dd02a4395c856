import { ApiFailure, createClient } from '@bir/sdk'
import type { Client } from '@bir/sdk'
import type { Config } from '../config.ts'
import { GatewayAway, SessionEnded } from '../session/faults.ts'
import type { Session } from '../session/session.ts'
import { USER_AGENT } from '../session/token-endpoint.ts'

type Call = (input?: unknown) => Promise<unknown>

/**
 * The API of the control plane as the person of a session: what they may not do is refused there. Calls reject as those
 * of the SDK do, and with `SessionEnded` or `GatewayAway` where there is no token.
 *
 * A token that was good for minutes may be refused, because the session has ended or the person is disabled. Then
 * another one is fetched, once, so that the page can tell what has happened.
 */
export function gatewayOf(session: Pick<Session, 'token' | 'refused'>, { controlUrl }: Pick<Config, 'controlUrl'>): Client {
  const client = createClient({
    url: controlUrl,
    token: () => session.token(),
    async fetch(input, init) {
      const headers = new Headers(init?.headers)
      headers.set('user-agent', USER_AGENT)
      const response = await fetch(input, { ...init, headers })
      if (response.status === 401) await session.refused((headers.get('authorization') ?? '').replace(/^Bearer /, ''))
      return response
    },
  })
  const groups = Object.entries(client).map(([group, calls]) => [
    group,
    Object.fromEntries(Object.entries(calls as Record<string, Call>).map(([name, call]) => [name, told(twice(call), client)])),
  ])
  return Object.fromEntries(groups) as Client
}

/** A call that was refused for its token did nothing, so it may be made again. */
function twice(call: Call): Call {
  return async (input) => {
    try {
      return await call(input)
    } catch (error) {
      if (!isFailure(error, 'unauthenticated')) throw error
    }
    try {
      return await call(input)
    } catch (error) {
      if (!isFailure(error, 'unauthenticated')) throw error
      throw new GatewayAway(`the API refuses a token that it gave: ${error.message}`, { cause: error })
    }
  }
}

/** A person who is disabled may not even ask who they are: their session is over. */
function told(call: Call, { users }: Client): Call {
  return async (input) => {
    try {
      return await call(input)
    } catch (error) {
      if (isFailure(error, 'forbidden') && (await isShutOut(users))) throw new SessionEnded({ cause: error })
      throw error
    }
  }
}

const isShutOut = ({ me }: Client['users']): Promise<boolean> =>
  me().then(
    () => false,
    (error: unknown) => isFailure(error, 'forbidden'),
  )

const isFailure = (error: unknown, code: ApiFailure['code']): error is ApiFailure => error instanceof ApiFailure && error.code === code
