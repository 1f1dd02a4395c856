/** A rule of a policy: which paths it is about, and what it allows there. */
interface Rule {
  readonly path: string
  readonly fits: (path: string) => boolean
  readonly capabilities: readonly string[]
}

/** The rules of a policy in HCL, as far as ours use it: `path "…" { capabilities = […] }`, with `*` and `+`. */
export function rulesOf(hcl: string): Rule[] {
  const withoutComments = hcl.replace(/^\s*#.*$/gm, '')
  return [...withoutComments.matchAll(/path\s+"([^"]+)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}/g)].map(([, path = '', list = '']) => ({
    path,
    fits: fitting(path),
    capabilities: [...list.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  }))
}

function fitting(pattern: string): (path: string) => boolean {
  const escaped = pattern.replace(/[.?^${}()|[\]\\]/g, '\\$&').replace(/\+/g, '[^/]+')
  const whole = escaped.endsWith('*') ? `^${escaped.slice(0, -1)}` : `^${escaped}$`
  const expression = new RegExp(whole)
  return (path) => expression.test(path)
}
