import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { answerFaults, answerNames, namesOf } from '../../../testing/api-description/answer-faults.ts'
import { readDescription } from '../../../testing/api-description/description.ts'
import { requestFaults } from '../../../testing/api-description/request-faults.ts'
import type { SeenRequest } from '../../../testing/gitlab-stand-in/stand-in.ts'
import gitlab from '../index.ts'
import { gitlabShop } from '../testing.ts'
import { documented, documentedMembers, mistaken, paging, undescribed } from './described/accepted.ts'
import { addresses, calls, runAll } from './described/calls.ts'

/** Public descriptions of GitLab's API v4. They lie beside the project where its makers have them. */
const specs = fileURLToPath(new URL('../../../../../../shared/specs/', import.meta.url))
const files = { types: `${specs}gitlab-v4-subset-2025.yaml`, names: `${specs}gitlab-v4-research-2022.yaml` }
const lacking = Object.values(files).some((file) => !existsSync(file))

const descriptions = () => ({ types: readDescription(files.types), names: readDescription(files.names) })

const below = ({ path }: SeenRequest) => path.replace('/api/v4', '')

test.skipIf(lacking)('what each tool and resource sends is what the public descriptions of the API know', async () => {
  const { types, names } = descriptions()
  await using shop = await gitlabShop()
  expect(await runAll(shop, calls(shop))).toEqual([])
  const faults = new Set<string>()
  const unknown = new Set<string>()
  for (const request of shop.standIn.requests) {
    const { method, body } = request
    const found = requestFaults(types, { method, path: below(request), body }, names)
    for (const fault of found ?? []) if (!isDocumented(fault)) faults.add(`${method} ${fault}`)
    if (!found)
      unknown.add(
        `${method} ${below(request)
          .split('?')[0]
          ?.replaceAll(/\/\d+(?=\/|$)/g, '/N')}`,
      )
  }
  expect([...faults]).toEqual(mistaken)
  expect([...unknown].sort()).toEqual(undescribed)
})

test.skipIf(lacking)('what the stand-in answers is what the public descriptions of the API say', async () => {
  const { types, names } = descriptions()
  await using shop = await gitlabShop()
  await runAll(shop, calls(shop))
  const known = new Set([...answerNames(types), ...answerNames(names), ...Object.values(documentedMembers).flat()])
  const faults = new Set<string>()
  for (const request of shop.standIn.requests) {
    const { method, answer } = request
    const body = answer && asSent(answer)
    for (const fault of answerFaults(types, { method, path: below(request), status: answer?.status ?? 0, body }) ?? []) faults.add(fault)
    for (const name of namesOf(body)) if (!known.has(name)) faults.add(`${name} is unknown`)
  }
  expect([...faults]).toEqual([])
})

/** Its JSON, without members that are undefined. */
const asSent = ({ body }: NonNullable<SeenRequest['answer']>): unknown =>
  typeof body === 'object' && !(body instanceof Uint8Array) ? JSON.parse(JSON.stringify(body)) : undefined

test('those calls are of every tool and every resource', async () => {
  await using shop = await gitlabShop()
  const called = new Set(calls(shop).map(([tool]) => tool))
  expect([...gitlab.tools.keys()].filter((name) => !called.has(name))).toEqual([])
  const read = addresses(shop)
  expect([...gitlab.templates.values()].filter((one) => !read.some((address) => one.matches(address)))).toEqual([])
})

function isDocumented(fault: string): boolean {
  const [, template = '', name = ''] = /^(.*): (.*) is unknown$/.exec(fault) ?? []
  return paging.includes(name) || documented[template]?.includes(name) === true
}
