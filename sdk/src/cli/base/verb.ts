import type { Command } from 'commander'
import type { Verb } from './context.ts'

/** Turns the action of a verb into a callback for commander, and keeps the exit code. */
export type Act = <Args extends unknown[]>(verb: Verb<Args>) => (...args: Args) => Promise<void>

/** Declares a verb of the command under its parent. */
export type Define = (parent: Command, act: Act) => void
