import { hostInUrl, LOOPBACK_HOSTS } from '../../contract/loopback.ts'
import type { Environment } from '../base/environment.ts'

/** Opens a page in the person's browser, where there is one. Returns whether it tried. */
export function openBrowser({ env, platform, startProgram }: Environment, address: string): boolean {
  if (!isPage(address)) return false
  if (platform === 'darwin') startProgram('open', [address])
  // Not `cmd /c start`, which would read the address as a command line.
  else if (platform === 'win32') startProgram('rundll32', ['url.dll,FileProtocolHandler', address])
  else if (env['DISPLAY'] || env['WAYLAND_DISPLAY']) startProgram('xdg-open', [address])
  else return false
  return true
}

/** The gateway names the address: a program must not be handed anything but a web page. */
function isPage(address: string): boolean {
  const { protocol, hostname } = URL.parse(address) ?? {}
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.some((host) => hostInUrl(host) === hostname))
}
