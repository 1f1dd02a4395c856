import type { Route } from '../http/call.ts'
import { commitRoutes } from './commits.ts'
import { discussionRoutes } from './discussions.ts'
import { issueRoutes } from './issues.ts'
import { mergeRequestRoutes } from './merge-requests.ts'
import { pipelineRoutes } from './pipelines.ts'
import { projectRoutes } from './projects.ts'
import { repositoryRoutes } from './repository.ts'
import { searchRoutes } from './search.ts'
import { userRoutes } from './user.ts'

/** Every route of the stand-in. The first that fits a request answers it. */
export const routes: readonly Route[] = [
  ...userRoutes,
  ...projectRoutes,
  ...searchRoutes,
  ...repositoryRoutes,
  ...commitRoutes,
  ...mergeRequestRoutes,
  ...issueRoutes,
  ...discussionRoutes,
  ...pipelineRoutes,
]
