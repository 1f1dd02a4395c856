import { api } from '@bir/sdk/contract/api'
import {
  AuditChain,
  AuditRow,
  AuditStanding,
  Caller,
  CallerKind,
  Explanation,
  Grant,
  Group,
  JoinLine,
  JoinLineState,
  JoinUse,
  MisfiledRecord,
  Plan,
  PlanChange,
  PlaneAudit,
  PlaneState,
  Restriction,
  Server,
  ServerHealth,
  ServerTool,
  ToolDefinition,
  TrustState,
  User,
} from '@bir/sdk/contract/entities'
import { AuditHeader, AuditRecord, Outcome, RecordKind, SetApart } from '@bir/sdk/contract/audit'
import { BreakerState, HealthEra, HealthState } from '@bir/sdk/contract/internal'
import { FileClients } from '@bir/sdk/contract/client-policy'
import { Level } from '@bir/sdk/contract/level'
import { FileGrant, FileGroup, FileRestriction, FileServer, PolicyFile } from '@bir/sdk/contract/policy-file'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { Settings } from '@bir/sdk/contract/settings'
import { Selection } from '@bir/sdk/contract/snapshot'
import type { z } from 'zod'
import { cursorOf } from '../../base/paging.ts'
import type { OperationPath } from '../../base/perform.ts'

/** The field of each operation on Query or Mutation. An operation that is missing here does not compile. */
export const FIELD_NAMES = {
  'users.list': 'users',
  'users.me': 'me',
  'users.get': 'user',
  'users.put': 'putUser',
  'users.setDisabled': 'setUserDisabled',
  'groups.list': 'groups',
  'groups.put': 'putGroup',
  'groups.addMembers': 'addGroupMembers',
  'groups.removeMembers': 'removeGroupMembers',
  'groups.delete': 'deleteGroup',
  'grants.list': 'grants',
  'grants.create': 'createGrant',
  'grants.delete': 'deleteGrant',
  'restrictions.list': 'restrictions',
  'restrictions.create': 'createRestriction',
  'restrictions.delete': 'deleteRestriction',
  'selections.get': 'selections',
  'selections.set': 'setSelection',
  'servers.list': 'servers',
  'servers.put': 'putServer',
  'servers.delete': 'deleteServer',
  'servers.kill': 'killServer',
  'servers.health': 'serverHealth',
  'servers.definitions': 'serverDefinitions',
  'servers.approve': 'approveDefinitions',
  'settings.get': 'settings',
  'settings.put': 'putSettings',
  'policy.apply': 'applyPolicy',
  'policy.plan': 'planPolicy',
  'policy.version': 'policyVersion',
  'policy.export': 'exportPolicy',
  'policy.explain': 'explain',
  'tokens.revoke': 'revokeToken',
  'audit.search': 'auditRecords',
  'audit.chains': 'auditChains',
  'audit.chain': 'auditChain',
  'planes.list': 'planes',
  'planes.expel': 'expelPlane',
  'planes.forget': 'forgetPlane',
  'planes.invite': 'invitePlane',
  'planes.lines': 'joinLines',
  'planes.revokeLine': 'revokeJoinLine',
  'snapshot.status': 'snapshot',
} as const satisfies Record<OperationPath, string>

/** The GraphQL type names of the contract's schemas. Other types get their name from the field that contains them. */
export const TYPE_NAMES: ReadonlyMap<z.ZodType, string> = new Map<z.ZodType, string>([
  [User, 'User'],
  [Caller, 'Caller'],
  [CallerKind, 'CallerKind'],
  [Group, 'Group'],
  [Grant, 'Grant'],
  [Restriction, 'Restriction'],
  [Server, 'Server'],
  [ServerTool, 'ServerTool'],
  [ServerHealth, 'ServerHealth'],
  [HealthState, 'HealthState'],
  [HealthEra, 'HealthEra'],
  [BreakerState, 'BreakerState'],
  [TrustState, 'TrustState'],
  [ToolDefinition, 'ToolDefinition'],
  [RemoteSettings, 'RemoteSettings'],
  [Plan, 'Plan'],
  [PlanChange, 'PlanChange'],
  [Explanation, 'Explanation'],
  [AuditRow, 'AuditEntry'],
  [AuditChain, 'AuditChainSummary'],
  [AuditRecord, 'AuditRecord'],
  [AuditHeader, 'AuditHeader'],
  [RecordKind, 'AuditKind'],
  [Outcome, 'AuditOutcome'],
  [PlaneState, 'Plane'],
  [JoinLine, 'JoinLine'],
  [JoinLineState, 'JoinLineState'],
  [JoinUse, 'JoinUse'],
  [PlaneAudit, 'PlaneAudit'],
  [AuditStanding, 'AuditStanding'],
  [SetApart, 'AuditRecordSetApart'],
  [MisfiledRecord, 'MisfiledAuditRecord'],
  [Settings, 'Settings'],
  [Selection, 'Selection'],
  [Level, 'Level'],
  [PolicyFile, 'PolicyFile'],
  [FileServer, 'PolicyServer'],
  [FileGroup, 'PolicyGroup'],
  [FileClients, 'PolicyClients'],
  [FileGrant, 'PolicyGrant'],
  [FileRestriction, 'PolicyRestriction'],
  [api.grants.delete.output, 'Done'],
])

type Item = Record<string, unknown>
const text = (item: Item, key: string) => String(item[key])

/** The cursor of an item in each paged list. It equals the cursor that the list returns as `next`. */
export const cursors: Partial<Record<OperationPath, (item: Item) => string>> = {
  'users.list': (item) => cursorOf(text(item, 'handle')),
  'groups.list': (item) => cursorOf(text(item, 'handle')),
  'grants.list': (item) => cursorOf(text(item, 'id')),
  'restrictions.list': (item) => cursorOf(text(item, 'id')),
  'planes.lines': (item) => cursorOf(text(item, 'id')),
  'audit.search': (item) => cursorOf(`${text(item, 'at')} ${text(item, 'plane')} ${text(item, 'seq')}`),
}
