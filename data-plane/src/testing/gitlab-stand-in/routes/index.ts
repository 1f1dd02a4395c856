import type { Route } from '../http/call.ts'
import { mergeRequestRoutes } from './merge-requests.ts'
import { projectRoutes } from './projects.ts'
import { userRoutes } from './user.ts'

/** Every route of the stand-in. The first that fits a request answers it. */
export const routes: readonly Route[] = [...userRoutes, ...projectRoutes, ...mergeRequestRoutes]
