import { defineServer } from '../../../server-kit/define.ts'
import { httpAudience } from '../../../server-kit/secret/audience.ts'
import { closeServices } from '../../../server-kit/http/service.ts'
import { check } from './check.ts'
import { prove } from '../secret/prove.ts'
import { GITLAB } from '../api/service.ts'
import { GitLabSettings } from '../api/settings.ts'

/** GitLab, as the person whose token it is: what that token may not see or do, the gateway cannot either. */
export const gitlab = defineServer({
  id: 'gitlab',
  title: 'GitLab',
  settings: GitLabSettings,
  secret: {
    fields: {
      token: {
        title: 'Access token',
        help: 'A personal, project or group access token with the scope read_api, or api if tools should change things.',
      },
    },
    scopes: { read: ['read_api'], write: ['api'], destroy: ['api'] },
    createAt: ({ url }) => `${url.replace(/\/+$/, '')}/-/user_settings/personal_access_tokens?name=Gateway&scopes=read_api`,
    audience: httpAudience,
    prove,
  },
  check,
  close: () => closeServices(GITLAB.title),
})
