import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { gunzipSync } from 'node:zlib'

const blockBytes = 512

/**
 * Unpacks a tarball of the npm registry (gzip, POSIX ustar with pax names) into a folder, without its first folder
 * `package/`. Such tarballs hold plain files alone, so anything else is an error. Written here because a small
 * container may have no `tar`.
 */
export function unpack(tarball, folder) {
  mkdirSync(folder, { recursive: true })
  for (const { path, mode, content } of entriesOf(gunzipSync(tarball))) {
    const inside = normalize(path).split('/').slice(1).join('/')
    if (normalize(path).startsWith('..') || path.startsWith('/') || !inside) throw new Error(`The tarball has a file "${path}".`)
    // Headers and manuals of Node are two thirds of its files, and nothing here reads them.
    if (/^(include|share)\//.test(inside)) continue
    const file = join(folder, inside)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content, { mode: mode & 0o111 ? 0o755 : 0o644 })
  }
}

function* entriesOf(archive) {
  let longPath
  for (let at = 0; at + blockBytes <= archive.length && archive[at] !== 0;) {
    const text = (start, length) => archive.toString('utf8', at + start, at + start + length).replace(/\0.*$/s, '')
    const octal = (start, length) => Number.parseInt(text(start, length).trim() || '0', 8)
    const [size, type] = [octal(124, 12), text(156, 1) || '0']
    const content = archive.subarray(at + blockBytes, at + blockBytes + size)
    const prefix = text(345, 155)
    const path = longPath ?? (prefix ? `${prefix}/${text(0, 100)}` : text(0, 100))
    longPath = type === 'x' ? /\d+ path=([^\n]*)\n/.exec(content.toString('utf8'))?.[1] : undefined
    if (!'05xg'.includes(type)) throw new Error(`The tarball has an entry of type "${type}": ${path}.`)
    if (type === '0') yield { path, mode: octal(100, 8), content }
    at += blockBytes + Math.ceil(size / blockBytes) * blockBytes
  }
}
