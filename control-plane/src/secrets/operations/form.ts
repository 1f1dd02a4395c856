import type { Api } from '@bir/sdk/contract/api'
import { secretPage } from '@bir/sdk/contract/secret-form'
import type { SecretForm } from '@bir/sdk/contract/secret-form'
import type { z } from 'zod'
import type { Ctx } from '../../base/context.ts'
import { refuseUnknownServer } from '../rows/holder.ts'
import { neededBy, needsOfAll } from '../rows/needed.ts'
import type { NeededBy } from '../rows/needed.ts'
import { canTryFields, fieldsFor } from '../saving/fields.ts'
import { reachOf, viewOf } from './view.ts'

type Input<K extends 'form' | 'forms'> = z.output<Api['secrets'][K]['input']>

export async function form({ db, actor, catalog, secrets }: Ctx, { server, shared = false }: Input<'form'>): Promise<SecretForm> {
  await refuseUnknownServer(db, actor, server)
  return formOf(await neededBy(db, catalog, server), secrets, shared && actor.administrator)
}

/** For a person: of the servers that they hold a grant on. Else of all. */
export async function forms({ db, actor, catalog, secrets }: Ctx, { user }: Input<'forms'>): Promise<{ items: SecretForm[] }> {
  const { person } = await viewOf(db, actor, { user })
  const mayUse = person && new Set((await reachOf(db, person.id)).servers)
  const needs = (await needsOfAll(db, catalog)).filter(({ row, need }) => need.personal.length > 0 && (mayUse?.has(row.id) ?? true))
  return { items: needs.map((needed) => formOf(needed, secrets, false)) }
}

function formOf({ row, need }: NeededBy, { portalUrl }: Ctx['secrets'], shared: boolean): SecretForm {
  const { mounted, settings, order } = need
  const createAt = mounted?.createAt(settings)
  const fields = fieldsFor(need, shared ? 'shared' : 'person')
  const names = fields.map(({ name }) => name)
  const scopes = Object.entries(mounted?.scopes ?? {}).map(([level, names]) => [level, [...(names ?? [])]])
  return {
    server: row.id,
    fields,
    ...(createAt !== undefined && { createAt }),
    ...(portalUrl !== undefined && !shared && { page: secretPage(portalUrl, row.id) }),
    ...(scopes.length > 0 && { scopes: Object.fromEntries(scopes) as SecretForm['scopes'] }),
    order: [...order],
    // Data planes try those of remote servers.
    proven: row.kind === 'remote' || (mounted !== undefined && canTryFields(need, names)),
  }
}
