import type { Command } from 'commander'
import type { Verb } from './context.ts'

/** Turns what a verb does into what commander calls, keeping its exit code. */
export type Act = <Args extends unknown[]>(verb: Verb<Args>) => (...args: Args) => Promise<void>

/** A verb of the command: declares itself under its parent. */
export type Define = (parent: Command, act: Act) => void
