import type { FlowClient, TokenAnswer } from '../../testing/oauth/flow-client.ts'
import { inLanes } from './lanes.ts'
import type { Faults, Session } from './laws.ts'
import type { Replicas } from './replicas.ts'
import { codeOf } from './sign-ins.ts'
import type { SignedIn } from './sign-ins.ts'

/** Of every tenth flow the code is redeemed by two requests at once: a client never does it, a thief may. */
const twiceEach = 10

export interface CodeFlows {
  sessions: Session[]
  /** Sessions of codes that came twice. */
  stolen: string[]
  /** Flows that a kill has cut at their last step. The client cannot know whether the code was used: it begins anew. */
  cut: number
}

/** Sign-ins from the click to the tokens, each over both replicas. */
export async function doCodeFlows(
  count: number,
  { replicas, client, people, faults }: { replicas: Replicas; client: FlowClient; people: SignedIn[]; faults: Faults },
): Promise<CodeFlows> {
  const result: CodeFlows = { sessions: [], stolen: [], cut: 0 }
  await inLanes(count, { replicas, killed: 1 }, async (index, lane) => {
    // A browser does one thing at a time, so each lane has one of its own.
    const person = people[lane]
    if (!person) throw new Error('nobody is signed in')
    const { code, begun } = await codeOf(client, person)
    const isTwice = index % twiceEach === 0
    const answers = await Promise.all(Array.from({ length: isTwice ? 2 : 1 }, () => client.redeem(code, begun)))
    note(answers, isTwice, result, faults)
  })
  return result
}

function note(answers: readonly TokenAnswer[], isTwice: boolean, result: CodeFlows, faults: Faults): void {
  faults.internalErrors += answers.filter(isInternal).length
  const won = answers.flatMap(({ tokens }) => tokens ?? [])
  if (won.length > 1) faults.codesUsedTwice += 1
  const isCut = answers.some(({ status }) => status === 502)
  if (isCut) result.cut += 1
  const [tokens] = won
  // Where a replica was killed over one of the two, it may never have seen the code.
  if (isTwice && !isCut && tokens) result.stolen.push(sidOf(tokens.access_token))
  if (isTwice || isCut) return
  if (!tokens?.refresh_token) faults.sessionsLost += 1
  else result.sessions.push({ sid: sidOf(tokens.access_token), refreshToken: tokens.refresh_token, replaced: [], hasEnded: false })
}

/** A 502 is the load balancer's. */
export const isInternal = ({ status }: { status: number }) => status >= 500 && status !== 502

function sidOf(accessToken: string): string {
  const payload = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as { sid?: string }
  return payload.sid ?? ''
}
