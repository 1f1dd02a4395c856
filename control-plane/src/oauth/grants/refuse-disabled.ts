import type { UserRow } from '../../users/users.ts'
import { oauthError } from '../../base/errors/oauth-error.ts'

export function refuseDisabled({ disabled }: Pick<UserRow, 'disabled'>): void {
  if (disabled) throw oauthError('invalid_grant', 'This account is disabled. Ask an administrator.')
}
