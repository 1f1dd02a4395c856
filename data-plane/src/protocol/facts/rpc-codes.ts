/** Error codes of JSON-RPC 2.0 (section 5.1). */
export const INVALID_REQUEST = -32_600
export const METHOD_NOT_FOUND = -32_601
export const INVALID_PARAMS = -32_602
export const INTERNAL_ERROR = -32_603

/** Error codes of MCP up to 2025-11-25. */
export const RESOURCE_NOT_FOUND = -32_002
export const URL_ELICITATION_REQUIRED = -32_042

/** Error codes of MCP from 2026-07-28 on. */
export const HEADER_MISMATCH = -32_020
export const MISSING_CAPABILITY = -32_021
export const UNSUPPORTED_VERSION = -32_022
