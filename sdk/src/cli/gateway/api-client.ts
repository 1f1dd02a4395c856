import { createClient } from '../../client.ts'
import type { Client, ClientOptions } from '../../client.ts'
import type { Environment } from '../base/environment.ts'

/** What this command calls itself, to the token endpoint and to the API alike: tokens may be bound to it. */
export const USER_AGENT = 'bir'

/** A client of the control plane that says that it is this command. */
export const apiClient = ({ timeoutMs }: Pick<Environment, 'timeoutMs'>, url: string, token: ClientOptions['token']): Client =>
  createClient({
    url,
    token,
    timeoutMs,
    fetch(input, init) {
      const headers = new Headers(init?.headers)
      headers.set('user-agent', USER_AGENT)
      return fetch(input, { ...init, headers })
    },
  })
