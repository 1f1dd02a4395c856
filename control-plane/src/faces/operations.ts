import { chains } from '../audit/chains.ts'
import { chain } from '../audit/read-chain.ts'
import { search } from '../audit/search.ts'
import { approve } from '../definitions/approve.ts'
import * as definitions from '../definitions/definitions.ts'
import * as grants from '../grants/grants.ts'
import * as groups from '../groups/groups.ts'
import type { Operations } from '../base/perform.ts'
import * as invitations from '../planes/invitations.ts'
import * as planeState from '../plane-state/list.ts'
import * as planes from '../planes/planes.ts'
import { approve as approveClient } from '../oauth/clients/administration/approve.ts'
import * as clients from '../oauth/clients/administration/clients.ts'
import { rotate as rotateClient } from '../oauth/clients/administration/rotate.ts'
import { activity } from '../own/activity.ts'
import { clients as ownClients } from '../own/clients.ts'
import { servers as ownServers } from '../own/servers.ts'
import * as personalTokens from '../personal-tokens/personal-tokens.ts'
import { apply } from '../policy/apply.ts'
import { explain } from '../policy/explain.ts'
import { exportPolicy } from '../policy/export.ts'
import { plan } from '../policy/plan.ts'
import { version } from '../policy/version.ts'
import * as providers from '../providers/operations.ts'
import * as restrictions from '../restrictions/restrictions.ts'
import { check as checkSecret } from '../secrets/operations/check.ts'
import { remove as removeSecret } from '../secrets/operations/delete.ts'
import { erase as eraseSecrets } from '../secrets/erasures/erase.ts'
import * as secretForms from '../secrets/operations/form.ts'
import { history as secretHistory } from '../secrets/operations/history.ts'
import { importSecrets } from '../secrets/import/import.ts'
import { list as listSecrets } from '../secrets/operations/list.ts'
import { put as putSecret } from '../secrets/operations/put.ts'
import * as selections from '../selections/selections.ts'
import { health } from '../servers/health.ts'
import * as servers from '../servers/servers.ts'
import * as serviceAccounts from '../service-accounts/service-accounts.ts'
import * as sessions from '../sessions/operations.ts'
import * as settings from '../settings/settings.ts'
import { status } from '../snapshots/status.ts'
import { revoke } from '../tokens/revoke.ts'
import * as users from '../users/users.ts'

/**
 * The whole API: each operation of the contract (`sdk/src/contract/api.ts`) and the function that does it. The
 * functions receive checked input and a context; they know nothing of HTTP, tRPC or GraphQL. `faces/mounts.ts` serves
 * this table twice, through tRPC and through GraphQL. An operation that is missing here does not compile.
 */
export const operations = {
  users: { list: users.list, me: users.me, get: users.get, put: users.put, setDisabled: users.setDisabled },
  serviceAccounts: { list: serviceAccounts.list, put: serviceAccounts.put },
  groups: {
    list: groups.list,
    put: groups.put,
    addMembers: groups.addMembers,
    removeMembers: groups.removeMembers,
    delete: groups.remove,
  },
  grants: { list: grants.list, create: grants.create, delete: grants.remove },
  restrictions: { list: restrictions.list, create: restrictions.create, delete: restrictions.remove },
  selections: { get: selections.get, set: selections.set },
  servers: {
    list: servers.list,
    put: servers.put,
    delete: servers.remove,
    kill: servers.kill,
    health,
    definitions: definitions.list,
    approve,
  },
  settings: { get: settings.get, put: settings.put },
  policy: { apply, plan, version, export: exportPolicy, explain },
  providers: { list: providers.list, test: providers.test },
  clients: { list: clients.list, create: clients.create, rotate: rotateClient, approve: approveClient, delete: clients.remove },
  personalTokens: { create: personalTokens.create, list: personalTokens.list, revoke: personalTokens.revoke },
  own: { servers: ownServers, activity, clients: ownClients },
  secrets: {
    put: putSecret,
    check: checkSecret,
    delete: removeSecret,
    erase: eraseSecrets,
    list: listSecrets,
    form: secretForms.form,
    forms: secretForms.forms,
    history: secretHistory,
    import: importSecrets,
  },
  sessions: { list: sessions.list, end: sessions.end },
  tokens: { revoke },
  audit: { search, chains, chain },
  planes: {
    list: planeState.list,
    expel: planes.expel,
    forget: planes.forget,
    invite: invitations.invite,
    lines: invitations.lines,
    revokeLine: invitations.revokeLine,
  },
  snapshot: { status },
} satisfies Operations
