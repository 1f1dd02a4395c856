import { spawn } from 'node:child_process'

/** Something a person can act on, said in one sentence. */
export class Fault extends Error {}

const faults = [
  [/ENOSPC|EDQUOT|no space left|disk quota/i, () => 'The disk is full: free some space and start again.'],
  [
    /EROFS|EACCES|EPERM|read-only file system|permission denied/i,
    ({ cwd }) => `The folder ${cwd} cannot be written: make it writable, or copy the project to one that is.`,
  ],
  [
    /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_|certificate|UnknownIssuer/i,
    ({ registry }) =>
      `The certificate of ${registry} is not trusted: set npm's "cafile" or NODE_EXTRA_CA_CERTS to your company's authority.`,
  ],
  [
    /\bE?40[13]\b|ENEEDAUTH|Unauthorized|Forbidden/,
    ({ registry }) => `${registry} refuses access: sign in to it with npm, then start again.`,
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET|META_FETCH|FETCH_ERROR|network|dns error|error sending request|timed? ?out/i,
    ({ registry }) => `${registry} is out of reach: check the network, or npm's registry and proxy settings, and start again.`,
  ],
]

/** A tool that has said nothing for so long waits for a network that will not come. */
const silenceLimitMs = 120_000

/** Runs a tool to its end and keeps its words to itself; when it fails they become one sentence. */
export async function run(file, args, { cwd, env, what, registry = 'The npm registry' }) {
  let output = ''
  let quiet
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], shell: file.endsWith('.cmd') })
  const onSilence = () => {
    output += 'timed out'
    child.kill()
  }
  const hear = (chunk) => {
    output += chunk
    clearTimeout(quiet)
    quiet = setTimeout(onSilence, silenceLimitMs)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  hear('')

  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += error.message
      resolve(-1)
    })
    child.once('close', (code) => resolve(code ?? -1))
  })
  clearTimeout(quiet)
  if (code === 0) return output

  const known = faults.find(([pattern]) => pattern.test(output))
  if (known) throw new Fault(known[1]({ cwd, registry }))
  throw new Fault(`${what} failed:\n${output.trim().split('\n').slice(-15).join('\n')}`)
}

/** A file-system failure as a sentence. */
export function faultOf(error, folder) {
  const known = faults.slice(0, 2).find(([pattern]) => pattern.test(String(error?.code)))
  return known ? new Fault(known[1]({ cwd: folder })) : error
}
