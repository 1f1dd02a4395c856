import type { Commit } from '../world/repository.ts'
import { timestamp } from '../world/timestamps.ts'

export const presentCommit = (commit: Commit) => ({
  id: commit.id,
  short_id: commit.id.slice(0, 8),
  created_at: timestamp(commit.at),
  parent_ids: commit.parents,
  title: commit.message.split('\n')[0],
  message: commit.message,
  author_name: commit.author.name,
  author_email: commit.author.email,
  authored_date: timestamp(commit.at),
  committer_name: commit.author.name,
  committer_email: commit.author.email,
  committed_date: timestamp(commit.at),
  trailers: {},
  web_url: `https://gitlab.example/-/commit/${commit.id}`,
})
