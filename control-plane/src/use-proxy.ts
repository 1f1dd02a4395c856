import * as http from 'node:http'
import { proxyRules } from '@bir/sdk/proxies'
import type { Config } from './config.ts'

/** Of Node 24.14; the types lack it. Makes `fetch` of the whole process use these proxies. */
const { setGlobalProxyFromEnv } = http as typeof http & {
  setGlobalProxyFromEnv(env: { HTTP_PROXY?: string | undefined; HTTPS_PROXY?: string | undefined }): void
}

/**
 * Sends what this process asks the identity provider through the proxy of the environment, unless the provider is among
 * the exceptions. The process asks nobody else by `fetch`.
 */
export function useProxy(config: Pick<Config, 'httpProxy' | 'httpsProxy' | 'noProxy' | 'idpIssuer'>): void {
  if (config.idpIssuer === undefined || !proxyRules(config)(new URL(config.idpIssuer))) return
  setGlobalProxyFromEnv({
    ...(config.httpProxy !== undefined && { HTTP_PROXY: config.httpProxy }),
    ...(config.httpsProxy !== undefined && { HTTPS_PROXY: config.httpsProxy }),
  })
}
