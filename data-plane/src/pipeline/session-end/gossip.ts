import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Ports } from '../call/ports.ts'
import { endSessionById } from './end.ts'

/** At the inner door: never on a public ingress. */
export const GOSSIP_PATH = '/internal/sessions'
export const MAX_GOSSIP_BYTES = 1024 * 1024

const usualMs = 5_000
const answerWithinMs = 2_000

/** Where the one who asks is in the list of the other, and which sessions of the other's it has served meanwhile. */
const Question = z.object({ epoch: z.string().max(64), at: z.int().min(0), used: z.array(z.uuid()).max(10_000) })
const Answer = z.object({ epoch: z.string().max(64), next: z.int().min(0), ended: z.array(z.uuid()) })

type Needs = Pick<Ports, 'sessions' | 'upstream' | 'policy' | 'node'>

interface Options {
  /** Says something to another plane, and resolves with its answer. */
  post(node: string, path: string, body: string, signal: AbortSignal): Promise<string>
  everyMs?: number
}

/**
 * What planes tell each other of legacy sessions: each asks every other, again and again, what has ended, and says which of the other's
 * sessions it serves. So a plane that was away hears of what it missed from any that knows, and a home knows of use elsewhere.
 */
export class SessionGossip {
  private readonly ports: Needs
  private readonly options: Options
  private readonly places = new Map<string, { epoch: string; at: number }>()
  /** Planes that are being asked. */
  private readonly asking = new Map<string, Promise<void>>()
  private readonly unfollow: () => void
  private readonly timer: NodeJS.Timeout

  constructor(ports: Needs, options: Options) {
    this.ports = ports
    this.options = options
    this.timer = setInterval(() => {
      const others = this.others()
      ports.sessions.keepGuestsOf(others)
      void this.askAll(others)
    }, options.everyMs ?? usualMs).unref()
    this.unfollow = ports.policy.onChange(() => void this.askAll(this.others().filter((id) => !this.places.has(id))))
  }

  /** Resolves once every plane that can be reached has said what it knows, or soon after. */
  async start(): Promise<void> {
    await Promise.race([this.askAll(this.others()), delay(answerWithinMs, undefined, { ref: false })])
  }

  /** What another plane hears. Throws when it makes no sense. */
  answer(body: string): string {
    const { epoch, at, used } = Question.parse(JSON.parse(body))
    const { sessions, node } = this.ports
    const nowMs = Date.now()
    for (const id of used) if (!sessions.isEnded(id)) sessions.use({ id, home: node }, undefined, nowMs)
    return JSON.stringify(sessions.ended.after(epoch, at))
  }

  close(): void {
    clearInterval(this.timer)
    this.unfollow()
  }

  private others(): string[] {
    const { policy, node } = this.ports
    try {
      return policy.current().planes.flatMap(({ id, internalUrl }) => (id === node || internalUrl === undefined ? [] : [id]))
    } catch {
      return [] // no policy yet: nobody is served either
    }
  }

  private async askAll(planes: readonly string[]): Promise<void> {
    await Promise.allSettled(planes.map((id) => this.ask(id)))
  }

  /** Whoever asks while an answer is under way waits for that answer. */
  private ask(plane: string): Promise<void> {
    const answer = this.asking.get(plane) ?? this.readAll(plane).finally(() => this.asking.delete(plane))
    this.asking.set(plane, answer)
    return answer
  }

  private async readAll(plane: string): Promise<void> {
    while (await this.page(plane));
  }

  /** True where there is more. */
  private async page(plane: string): Promise<boolean> {
    const { sessions } = this.ports
    const place = this.places.get(plane) ?? { epoch: '', at: 0 }
    const used = sessions.guestsOf(plane)
    const said = await this.options.post(plane, GOSSIP_PATH, JSON.stringify({ ...place, used }), AbortSignal.timeout(answerWithinMs))
    const { epoch, next, ended } = Answer.parse(JSON.parse(said))
    sessions.markReported(plane, used)
    for (const id of ended) if (!sessions.isEnded(id)) endSessionById(this.ports, id)
    this.places.set(plane, { epoch, at: next })
    return ended.length > 0
  }
}
