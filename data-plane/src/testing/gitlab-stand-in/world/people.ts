/** How a person may be of a project or a group (GitLab's access levels). */
export const ACCESS = { guest: 10, reporter: 20, developer: 30, maintainer: 40, owner: 50 } as const
export type Access = keyof typeof ACCESS

export interface User {
  readonly id: number
  readonly username: string
  readonly name: string
  readonly email: string
  /** The user of a project's or a group's token. */
  readonly bot: boolean
  state: 'active' | 'blocked'
}

export interface Token {
  readonly id: number
  readonly name: string
  readonly value: string
  readonly user: User
  readonly scopes: readonly string[]
  /** `oauth` is no personal access token: it has no `/personal_access_tokens/self`. */
  readonly kind: 'personal' | 'project' | 'oauth'
  readonly createdAt: Date
  /** The first day on which it is refused. */
  expiresAt: Date | undefined
  revoked: boolean
}

export interface Group {
  readonly id: number
  readonly path: string
  readonly name: string
  readonly members: Map<number, Access>
}

/** How GitLab shows a person in other things. */
export const presentUser = (user: User) => ({
  id: user.id,
  username: user.username,
  name: user.name,
  state: user.state,
  locked: false,
  avatar_url: `https://avatars.example/${user.id}.png`,
  web_url: `https://gitlab.example/${user.username}`,
})
