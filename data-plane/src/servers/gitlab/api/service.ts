import type { ServiceSpec } from '../../../server-kit/http/service.ts'

export const GITLAB: ServiceSpec = { title: 'GitLab', apiPath: '/api/v4' }

/** What is not below the API: OAuth's own addresses. */
export const GITLAB_OAUTH: ServiceSpec = { title: 'GitLab', apiPath: '/oauth' }

/**
 * Personal, project and group access tokens and those of OAuth are all taken as Bearer (RFC 6750).
 */
export const authorization = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
