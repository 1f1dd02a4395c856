import { boundText } from '@bir/sdk/contract/audit-limits'
import type { ToolError } from '@bir/sdk/contract/errors'
import { asSentence } from '@bir/sdk/contract/schema-faults'

/** A message may repeat what the caller wrote. Longer words would push the facts behind them out of a cut answer. */
const maxWordsChars = 8_000

/** The content of a resource (MCP ResourceContents): text, or bytes in base64. */
export type ResourceContents = { uri: string; mimeType?: string } & ({ text: string } | { blob: string })

/** A block of a tool's answer or of a prompt's message (MCP 2025-06-18 and later, ContentBlock). */
export type ContentBlock =
  | { type: 'text'; text: string }
  | { type: 'image'; data: string; mimeType: string }
  | { type: 'audio'; data: string; mimeType: string }
  | { type: 'resource'; resource: ResourceContents }
  | { type: 'resource_link'; uri: string; name: string; mimeType?: string }

/** The result of a tool call (MCP CallToolResult). */
export interface ToolAnswer {
  content: ContentBlock[]
  structuredContent?: Record<string, unknown>
  isError?: true
}

/**
 * A tool's error as an answer that the model reads: what happened and what to do in words; then, on a line of its own,
 * the facts for programs as JSON: code, whether a retry may help and when. The text as a whole is no JSON: some clients
 * take a text that is for the tool's structured output, and show the model its faults instead of the reason.
 */
export function errorAnswer({ code, message, hint, retryable, retryAfterS }: ToolError): ToolAnswer {
  const words = boundText(hint === undefined ? message : `${asSentence(message)} ${hint}`, maxWordsChars)
  const facts = JSON.stringify({ code, retryable, retry_after_s: retryAfterS })
  return { content: [{ type: 'text', text: `${words}\n${facts}` }], isError: true }
}
