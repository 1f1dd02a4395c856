/** A line of rooms. A room imports only from rooms in the lines below its own, and from itself. */
export interface RoomLine {
  readonly rooms: readonly string[]
  readonly holds: string
}

/**
 * The rooms of `data-plane/src`, from the top to the bottom. CONTRIBUTING.md draws the same table, and a test compares
 * the two.
 */
export const DATA_PLANE_ROOMS: readonly RoomLine[] = [
  { rooms: ['(root)'], holds: 'the process: its settings, its parts put together, its start and end' },
  { rooms: ['transport'], holds: 'HTTP in: a request becomes a call, an answer becomes bytes' },
  { rooms: ['pipeline'], holds: 'what happens to a call, in order: guards, the relay, outgoing filters' },
  { rooms: ['peers'], holds: 'other planes of ours: forwarding requests to them, signatures between them' },
  { rooms: ['audit', 'policy', 'servers'], holds: 'the audit spool; the policy and its tokens; the mounted servers' },
  {
    rooms: ['control', 'aggregate', 'sessions', 'catalogue'],
    holds: "the control plane's client; names and lists of /mcp; legacy sessions; what servers offer",
  },
  { rooms: ['upstream'], holds: 'the way out to a server: mounted, modern or legacy' },
  { rooms: ['server-kit', 'http'], holds: 'what a mounted server is made with; HTTP in, below the pipeline: endpoints, bodies, answers' },
  { rooms: ['protocol'], holds: 'words of MCP that both ways share: messages, versions, headers, extensions' },
  { rooms: ['secrets'], holds: 'where secrets are read, which are in use, how they are hidden' },
  { rooms: ['runtime', 'json'], holds: 'time, cancellation, sealing, log; JSON as it was written' },
]

/** Source files a folder may hold, tests and test helpers not counted. */
export const MAX_FILES_IN_FOLDER = 12

/** Folders that may hold more, each with its reason. */
export const LARGE_FOLDERS: readonly string[] = [
  'sdk/src/contract', // its file names are the public paths of `@bir/sdk/contract/*`
]
