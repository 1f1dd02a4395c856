import { ToolError } from '@bir/sdk/contract/errors'
import type { GitLabSettings } from '../api/settings.ts'

/** What an argument names: a project or a group by number or path, and a thing in it by its number. */
export interface Reference {
  readonly path: string
  /** Of a merge request or an issue. */
  readonly iid: string | undefined
}

type Settings = Pick<GitLabSettings, 'url'>

/** A project for `path`: its number, or its path with namespace. People give either, or any address of a page in it. */
export function projectId(settings: Settings, text: string): string {
  const { path } = readReference(settings, text)
  if (/^\d+$/.test(path) || path.includes('/')) return path
  throw wrong('project', text, 'give its number, its path with namespace such as group/app, or its address')
}

/** A group for `path`: its number, its full path, or its address. */
export const groupId = (settings: Settings, text: string): string =>
  readReference(settings, text.replace(/^(https?:\/\/[^/]+.*?)\/groups\//, '$1/')).path

export interface Numbered {
  readonly project: string
  readonly iid: string
}

/**
 * A merge request or an issue: by its number in `project`, or by its address or reference (`group/app!5`,
 * `group/app#5`), which names the project too.
 */
export function numbered(settings: Settings, what: 'merge_request' | 'issue', text: string, project: string | undefined): Numbered {
  const iid = /^[!#]?(\d{1,12})$/.exec(text.trim())?.[1]
  if (iid !== undefined) {
    if (project !== undefined) return { project: projectId(settings, project), iid }
    throw new ToolError('invalid_input', `The argument project is missing: ${what} ${iid} is a number in a project.`, {
      hint: 'Give project, or the address of the page.',
    })
  }
  const found = readReference(settings, text)
  if (found.iid !== undefined) return { project: found.path, iid: found.iid }
  throw wrong(what, text, 'give its number with project, its address, or a reference such as group/app!5')
}

/** Where the number of a thing stands in an address. `/-/` came with GitLab 12; older addresses are still around. */
const thingInPath = /\/(?:-\/)?(?:merge_requests|issues|work_items)\/(\d{1,12})(?:\/.*)?$/

function readReference(settings: Settings, given: string): Reference {
  const text = given.trim()
  const path = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? pathOf(settings, text) : (sshPath(settings, text) ?? text)
  const short = /^(.+)[!#](\d{1,12})$/.exec(path)
  const iid = short?.[2] ?? thingInPath.exec(path)?.[1]
  const bare = (short?.[1] ?? path).replace(thingInPath, '').replace(/\/-\/.*$/, '')
  const clean = bare.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '')
  if (clean === '' || clean.length > 500 || /[?#\s]/.test(clean))
    throw wrong('project', given, 'give its number, its path with namespace, or its address')
  return { path: clean, iid }
}

/** The path of an address of this GitLab. Addresses elsewhere are refused: the token would be of no use there. */
function pathOf({ url }: Settings, text: string): string {
  const home = new URL(url)
  const given = URL.parse(text)
  if (!given) throw wrong('address', text, 'it is not a web address')
  if (given.host !== home.host) throw elsewhere(given.host, home.host)
  const prefix = home.pathname.replace(/\/+$/, '')
  if (!`${given.pathname}/`.startsWith(`${prefix}/`)) throw elsewhere(`${given.host}${given.pathname.slice(0, 60)}`, home.host + prefix)
  const path = given.pathname.slice(prefix.length)
  const ofApi = /^\/api\/v4\/projects\/([^/]+)(\/.*)?$/.exec(path)
  return decoded(ofApi ? `${ofApi[1]}${ofApi[2] ?? ''}` : path)
}

/** `git@gitlab.example.com:group/app.git` */
function sshPath({ url }: Settings, text: string): string | undefined {
  const [, host, path] = /^git@([\w.-]+):(.+)$/.exec(text) ?? []
  if (host === undefined || path === undefined) return undefined
  const home = new URL(url).hostname
  if (host !== home) throw elsewhere(host, home)
  return path
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const elsewhere = (host: string, home: string) =>
  new ToolError('invalid_input', `The address is of ${host.slice(0, 200)}, and this server is for ${home} alone.`, {
    hint: `Give an address of ${home}, or a path.`,
  })

const wrong = (what: string, text: string, how: string) =>
  new ToolError('invalid_input', `The argument ${what} ${JSON.stringify(text.slice(0, 60))} cannot be read: ${how}.`, {
    hint: 'Correct the named argument.',
  })
