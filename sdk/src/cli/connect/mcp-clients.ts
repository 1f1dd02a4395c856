import { claudeCode, claudeDesktop } from './clients/claude.ts'
import { continueDev, cursor, vscode, windsurf } from './clients/editors.ts'
import type { McpClient } from './clients/mcp-client.ts'
import { cline, codex, geminiCli, opencode } from './clients/terminals.ts'

/** The clients that `bir connect` configures, by the names it takes. */
export const MCP_CLIENTS: ReadonlyMap<string, McpClient> = new Map([
  ['claude-code', claudeCode],
  ['claude-desktop', claudeDesktop],
  ['cline', cline],
  ['codex', codex],
  ['continue', continueDev],
  ['cursor', cursor],
  ['gemini-cli', geminiCli],
  ['opencode', opencode],
  ['vscode', vscode],
  ['windsurf', windsurf],
])
