import { spawn } from 'node:child_process'

/** A failure that a person can act on. `message` is one sentence. */
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
    /EINTEGRITY|TARBALL_INTEGRITY|integrity check/i,
    ({ registry }) =>
      `${registry} handed out a package that is not the one this release names, and it was not installed: check npm's registry setting; if it is right, tell whoever runs that registry.`,
  ],
  [
    /\bE404\b|FETCH_404|ETARGET|NO_MATCHING_VERSION|notarget/,
    ({ registry, what }) =>
      `${what} failed, because ${registry} does not have it: ask whoever runs that registry to add it, or set npm's registry to another one.`,
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

/** A tool without output for this long waits for a network that does not answer. */
const maxSilenceMs = 120_000

/** Runs a tool and returns its output, which is not shown. When the tool fails, throws a `Fault` with one sentence. */
export async function run(file, args, { cwd, env, what, registry = 'The npm registry' }) {
  let output = ''
  let silenceTimer
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], shell: file.endsWith('.cmd') })
  const onSilence = () => {
    output += 'timed out'
    child.kill()
  }
  const onOutput = (chunk) => {
    output += chunk
    clearTimeout(silenceTimer)
    silenceTimer = setTimeout(onSilence, maxSilenceMs)
  }
  child.stdout.on('data', onOutput)
  child.stderr.on('data', onOutput)
  onOutput('')

  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += error.message
      resolve(-1)
    })
    child.once('close', (code) => resolve(code ?? -1))
  })
  clearTimeout(silenceTimer)
  if (code === 0) return output

  const knownFault = faults.find(([pattern]) => pattern.test(output))
  if (knownFault) throw new Fault(knownFault[1]({ cwd, registry, what }))
  throw new Fault(`${what} failed:\n${output.trim().split('\n').slice(-15).join('\n')}`)
}

/** Turns an error of the file system into a `Fault`. Returns any other error as it is. */
export function faultOf(error, folder) {
  const knownFault = faults.slice(0, 2).find(([pattern]) => pattern.test(String(error?.code)))
  return knownFault ? new Fault(knownFault[1]({ cwd: folder })) : error
}
