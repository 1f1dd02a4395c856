import { z } from 'zod'
import { httpShape } from '../../../server-kit/http/settings.ts'

/** GitLab 15.7 or later, on gitlab.com, Dedicated or self-managed. `url` is its address as people open it. */
export const GitLabSettings = z.strictObject(httpShape)
export type GitLabSettings = z.infer<typeof GitLabSettings>
