/* Schemes that no client may have codes sent to: something else than an app of the client's acts upon them. */

/** A browser runs what they hold, reads files, goes elsewhere, or shows pages of its own. */
const browser = ['about', 'blob', 'content', 'data', 'edge', 'file', 'filesystem', 'intent', 'jar', 'javascript', 'livescript', 'mhtml']
  .concat(['mk', 'mocha', 'moz-extension', 'res', 'resource', 'vbscript', 'view-source', 'ws', 'wss', 'wyciwyg'])
  .concat(['brave', 'opera', 'vivaldi', 'firefox', 'googlechrome', 'googlechromes', 'microsoft-edge', 'android-app', 'urn', 'cid', 'mid'])

/** They open a connection or a file elsewhere, often with the person's own credentials. */
const network = [
  'afp',
  'cifs',
  'dav',
  'davs',
  'ftp',
  'ftps',
  'gopher',
  'git',
  'imap',
  'irc',
  'ircs',
  'ldap',
  'ldaps',
  'magnet',
  'news',
  'nfs',
]
  .concat(['nntp', 'pop', 'rdp', 'rlogin', 'rtsp', 'scp', 'sftp', 'smb', 'snews', 'ssh', 'svn', 'telnet', 'tn3270', 'vnc', 'webcal'])
  .concat(['webdav', 'webdavs'])

/** They write to somebody, or call. */
const messages = ['callto', 'facetime', 'facetime-audio', 'mailto', 'mms', 'mmsto', 'sip', 'sips', 'sms', 'smsto', 'tel', 'xmpp']

/** A part of the operating system runs: a shell, an installer, settings, a shop, a script. */
const system = [
  'app-prefs',
  'app-settings',
  'applescript',
  'apt',
  'file-explorer',
  'hcp',
  'help',
  'jnlp',
  'jnlps',
  'launchpad',
  'macappstore',
].concat(['macappstores', 'market', 'onenote', 'prefs', 'shell', 'shortcuts', 'snap', 'steam', 'terminal', 'windowsdefender', 'workflow'])

const schemes = new Set([...browser, ...network, ...messages, ...system])

/** Families: `ms-msdt`, `ms-settings` and the many others of Windows, `search-ms`, `itms-services`, `x-apple.…`. */
const families = /^(?:ms-|search(?:-|$)|chrome|itms|safari|x-apple|x-help|x-man-page|microsoft\.|web\+)/

/**
 * Whether a browser or an operating system acts upon a scheme itself, so that it leads to no app (RFC 8252, section
 * 8.4). The list cannot be whole: any program may claim a scheme, so the consent page names it.
 *
 * @param protocol As a URL has it, with the colon.
 */
export const isSystemScheme = (protocol: string): boolean => {
  const scheme = protocol.slice(0, -1).toLowerCase()
  return schemes.has(scheme) || families.test(scheme)
}
