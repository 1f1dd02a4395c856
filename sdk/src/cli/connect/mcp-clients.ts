import { claudeCode, claudeDesktop } from './clients/claude.ts'
import { continueDev, cursor, vscode, windsurf, zed } from './clients/editors.ts'
import type { Guide } from './clients/guide.ts'
import { claudeAi, curl, inspector } from './clients/hosted.ts'
import type { McpClient } from './clients/mcp-client.ts'
import { langchain, openaiAgents } from './clients/programs.ts'
import { cline, codex, geminiCli, goose, opencode } from './clients/terminals.ts'

/** The clients that `bir connect` configures by a file, by the names it takes. */
export const MCP_CLIENTS: ReadonlyMap<string, McpClient> = new Map([
  ['claude-code', claudeCode],
  ['claude-desktop', claudeDesktop],
  ['cline', cline],
  ['codex', codex],
  ['continue', continueDev],
  ['cursor', cursor],
  ['gemini-cli', geminiCli],
  ['goose', goose],
  ['opencode', opencode],
  ['vscode', vscode],
  ['windsurf', windsurf],
  ['zed', zed],
])

/** The clients that it tells how to connect. */
export const GUIDES: ReadonlyMap<string, Guide> = new Map([
  ['claude.ai', claudeAi],
  ['curl', curl],
  ['inspector', inspector],
  ['langchain', langchain],
  ['openai-agents', openaiAgents],
])
