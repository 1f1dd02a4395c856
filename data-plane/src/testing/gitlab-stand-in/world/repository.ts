import { createHash } from 'node:crypto'
import { fileDiffs } from './file-diff.ts'
import type { FileDiff } from './file-diff.ts'

export interface Commit {
  readonly id: string
  readonly parents: readonly string[]
  readonly message: string
  readonly author: { readonly name: string; readonly email: string }
  readonly at: Date
  /** All files of this commit, by path. */
  readonly files: ReadonlyMap<string, string>
}

export interface Branch {
  readonly name: string
  head: string
  protected: boolean
}

/** The new content of a file; undefined removes it. */
export type Changes = Readonly<Record<string, string | undefined>>

/** A repository in memory: commits, and the branches and tags that name them. */
export class Repository {
  readonly commits = new Map<string, Commit>()
  readonly branches = new Map<string, Branch>()
  readonly tags = new Map<string, string>()

  /** Adds a commit at the branch's head, and makes the branch where it is not there yet. */
  commit(branch: string, changes: Changes, { message, author, at }: Pick<Commit, 'message' | 'author' | 'at'>): Commit {
    const known = this.branches.get(branch)
    const parent = known && this.commits.get(known.head)
    const files = new Map(parent?.files)
    for (const [path, content] of Object.entries(changes)) {
      if (content === undefined) files.delete(path)
      else files.set(path, content)
    }
    const parents = parent ? [parent.id] : []
    const id = createHash('sha1')
      .update(JSON.stringify([parents, message, at.getTime(), this.commits.size, branch]))
      .digest('hex')
    const commit = { id, parents, message, author, at, files }
    this.commits.set(id, commit)
    if (known) known.head = id
    else this.branches.set(branch, { name: branch, head: id, protected: false })
    return commit
  }

  /** The commit that a branch, a tag, or the beginning of an id names. */
  resolve(ref: string): Commit | undefined {
    const id = this.branches.get(ref)?.head ?? this.tags.get(ref)
    if (id !== undefined) return this.commits.get(id)
    if (!/^[0-9a-f]{7,40}$/.test(ref)) return undefined
    return this.commits.get(ref) ?? [...this.commits.values()].find((commit) => commit.id.startsWith(ref))
  }

  /** The commit and those before it, newest first. With `path`, those that changed something at or below it. */
  log(from: Commit, path?: string): Commit[] {
    const commits: Commit[] = []
    for (let commit: Commit | undefined = from; commit; commit = this.parentOf(commit)) {
      if (path === undefined || this.touches(commit, path)) commits.push(commit)
    }
    return commits
  }

  parentOf(commit: Commit): Commit | undefined {
    const [parent] = commit.parents
    return parent === undefined ? undefined : this.commits.get(parent)
  }

  lastCommitOf(from: Commit, path: string): Commit | undefined {
    for (let commit: Commit | undefined = from; commit; commit = this.parentOf(commit)) if (this.touches(commit, path)) return commit
    return undefined
  }

  /** The newest commit that both have. */
  mergeBase(one: Commit, other: Commit): Commit | undefined {
    const ids = new Set(this.log(one).map(({ id }) => id))
    return this.log(other).find(({ id }) => ids.has(id))
  }

  diff(from: Commit | undefined, to: Commit): FileDiff[] {
    return fileDiffs(from?.files ?? new Map(), to.files)
  }

  private touches(commit: Commit, path: string): boolean {
    const before = this.parentOf(commit)?.files ?? new Map<string, string>()
    const paths = new Set([...before.keys(), ...commit.files.keys()])
    return [...paths].some((file) => (file === path || file.startsWith(`${path}/`)) && before.get(file) !== commit.files.get(file))
  }
}
