import { randomBytes } from 'node:crypto'
import { ACCESS } from './people.ts'
import type { Access, Group, Token, User } from './people.ts'
import type { Issue, MergeRequest, Milestone, Noteable, Pipeline, Project } from './project.ts'
import { Repository } from './repository.ts'

type Given<T> = { [K in keyof T]?: T[K] | undefined }

const dayMs = 86_400_000

/** Everything that this GitLab knows. Tests change it while requests run. */
export class World {
  readonly users: User[] = []
  readonly tokens: Token[] = []
  readonly groups: Group[] = []
  projects: Project[] = []
  private lastId = 0
  private readonly lastIids = new Map<string, number>()
  private nowMs = Date.parse('2026-03-01T08:00:00.000Z')

  /** Ids go upwards over all things, so that none is by chance that of another. */
  nextId(): number {
    this.lastId += 1
    return this.lastId
  }

  /** The time of the world: a second later each time that it is asked. */
  now(): Date {
    this.nowMs += 1_000
    return new Date(this.nowMs)
  }

  addUser(username: string, given: Given<User> = {}): User {
    const name = username.replace(/^./, (letter) => letter.toUpperCase())
    const user = {
      id: this.nextId(),
      username,
      name,
      email: `${username}@example.com`,
      bot: false,
      state: 'active' as const,
      ...defined(given),
    }
    this.users.push(user)
    return user
  }

  /** A token with a value made now. Its day of expiry is a year away by the clock of the machine. */
  addToken(user: User, given: Given<Token> = {}): Token {
    const kind = given.kind ?? 'personal'
    const token: Token = {
      id: this.nextId(),
      name: `${user.username}'s token`,
      value: kind === 'oauth' ? randomBytes(32).toString('hex') : `glpat-${randomBytes(15).toString('base64url')}`,
      user,
      scopes: ['api'],
      kind,
      createdAt: this.now(),
      expiresAt: new Date(Date.now() + 365 * dayMs),
      revoked: false,
      ...defined(given),
    }
    this.tokens.push(token)
    return token
  }

  /** A token of a project, whose user is a bot that is a member of it. */
  addProjectToken(project: Project, access: Access, given: Given<Token> = {}): Token {
    const username = `project_${project.id}_bot_${randomBytes(4).toString('hex')}`
    const bot = this.addUser(username, { name: 'a project token', email: `${username}@noreply.gitlab.example`, bot: true })
    project.members.set(bot.id, access)
    return this.addToken(bot, { kind: 'project', ...given })
  }

  addGroup(path: string, members: Record<string, Access> = {}): Group {
    const group = { id: this.nextId(), path, name: path.split('/').at(-1) ?? path, members: this.membersOf(members) }
    this.groups.push(group)
    return group
  }

  addProject(path: string, members: Record<string, Access> = {}, given: Given<Project> = {}): Project {
    const createdAt = this.now()
    const project: Project = {
      id: this.nextId(),
      path,
      name: path.split('/').at(-1) ?? path,
      description: '',
      visibility: 'private',
      archived: false,
      defaultBranch: 'main',
      topics: [],
      createdAt,
      lastActivityAt: createdAt,
      members: this.membersOf(members),
      repository: new Repository(),
      mergeRequests: [],
      issues: [],
      pipelines: [],
      milestones: [],
      languages: {},
      runnersToken: `GR1348941${randomBytes(10).toString('hex')}`,
      importUrl: `https://importer:${randomBytes(8).toString('hex')}@old.example/${path}.git`,
      ...defined(given),
    }
    this.projects.push(project)
    return project
  }

  /** A commit that `user` makes, now, at the branch's head. */
  commit(project: Project, user: User, branch: string, files: Record<string, string | undefined>, message = 'Change files') {
    const author = { name: user.name, email: user.email }
    const commit = project.repository.commit(branch, files, { message, author, at: this.now() })
    project.lastActivityAt = commit.at
    return commit
  }

  addMergeRequest(project: Project, author: User, given: Given<MergeRequest> = {}): MergeRequest {
    const mergeRequest: MergeRequest = {
      ...this.noteable(project, author, 'merge request'),
      sourceBranch: 'feature',
      targetBranch: project.defaultBranch,
      reviewers: [],
      squash: false,
      removeSourceBranch: false,
      hasConflicts: false,
      autoMerge: false,
      approvedBy: [],
      approvalsRequired: 0,
      mergeCommit: undefined,
      diffs: undefined,
      changesCount: undefined,
      ...defined(given),
    }
    project.mergeRequests.push(mergeRequest)
    return mergeRequest
  }

  addIssue(project: Project, author: User, given: Given<Issue> = {}): Issue {
    const issue: Issue = {
      ...this.noteable(project, author, 'issue'),
      confidential: false,
      dueDate: undefined,
      weight: undefined,
      type: 'ISSUE',
      ...defined(given),
    }
    project.issues.push(issue)
    return issue
  }

  addMilestone(project: Project, title: string): Milestone {
    const milestone: Milestone = {
      id: this.nextId(),
      iid: this.nextIid(project, 'milestone'),
      title,
      state: 'active',
      dueDate: undefined,
      createdAt: this.now(),
    }
    project.milestones.push(milestone)
    return milestone
  }

  addPipeline(project: Project, user: User, given: Given<Pipeline> = {}): Pipeline {
    const createdAt = this.now()
    const ref = given.ref ?? project.defaultBranch
    const pipeline: Pipeline = {
      id: this.nextId(),
      iid: project.pipelines.length + 1,
      project,
      ref,
      sha: project.repository.resolve(ref)?.id ?? '0'.repeat(40),
      source: 'push',
      status: 'success',
      user,
      createdAt,
      updatedAt: createdAt,
      jobs: [],
      bridges: [],
      failedTests: [],
      mergeRequest: undefined,
      variables: [],
      ...defined(given),
    }
    project.pipelines.push(pipeline)
    return pipeline
  }

  /** How the person may use a project; undefined where GitLab hides that it is there. */
  accessTo(project: Project, user: User): number | undefined {
    const direct = project.members.get(user.id)
    const inherited = this.groups.filter(({ path }) => project.path.startsWith(`${path}/`)).map(({ members }) => members.get(user.id))
    const levels = [direct, ...inherited].filter((access) => access !== undefined).map((access) => ACCESS[access])
    if (levels.length > 0) return Math.max(...levels)
    return project.visibility === 'private' ? undefined : 0
  }

  /** The number of one that was deleted is never given again. */
  private nextIid(project: Project, kind: 'issue' | 'merge request' | 'milestone'): number {
    const counter = `${kind} ${project.id}`
    const next = (this.lastIids.get(counter) ?? 0) + 1
    this.lastIids.set(counter, next)
    return next
  }

  private noteable(project: Project, author: User, kind: 'issue' | 'merge request'): Omit<Noteable, 'state'> & { state: 'opened' } {
    const createdAt = this.now()
    return {
      id: this.nextId(),
      iid: this.nextIid(project, kind),
      project,
      title: 'Untitled',
      description: '',
      state: 'opened',
      author,
      assignees: [],
      labels: [],
      milestone: undefined,
      createdAt,
      updatedAt: createdAt,
      closedAt: undefined,
      discussions: [],
    }
  }

  private membersOf(members: Record<string, Access>): Map<number, Access> {
    return new Map(Object.entries(members).map(([username, access]) => [this.user(username).id, access]))
  }

  user(username: string): User {
    const user = this.users.find((user) => user.username === username)
    if (!user) throw new Error(`no user ${username} was added`)
    return user
  }
}

/** Without members that are undefined. */
function defined<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
