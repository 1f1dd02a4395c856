import type { Milestone, Project } from '../world/project.ts'
import { timestamp } from '../world/timestamps.ts'

export const presentMilestone = (milestone: Milestone, project: Project) => ({
  id: milestone.id,
  iid: milestone.iid,
  project_id: project.id,
  title: milestone.title,
  description: '',
  state: milestone.state,
  created_at: timestamp(milestone.createdAt),
  updated_at: timestamp(milestone.createdAt),
  due_date: milestone.dueDate ?? null,
  start_date: null,
  expired: false,
  web_url: `https://gitlab.example/${project.path}/-/milestones/${milestone.iid}`,
})
