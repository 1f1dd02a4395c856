import { expect, test } from 'vitest'
import { mayRepeat, sessionLossIn, wantsInitialize } from './session-loss.ts'

const error = (message: string, id: unknown = null) => JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_000, message } })
const requestId = 7

test.for([
  [404, '', 'sure'],
  [404, error('Session not found'), 'sure'],
  [404, error('Session not found', 'server-error'), 'sure'],
  [404, '<h1>Not found</h1>', 'sure'],
  [410, '', 'sure'],
  [400, error('Bad Request: Server not initialized'), 'words'],
  [400, error('Bad Request: No valid session ID provided'), 'words'],
  [400, 'Invalid session ID', 'words'],
  [400, error('could not initialize printer'), 'words'],
  [401, 'Unauthorized: Session not found', 'words'],
  [500, error('Session 1 is unknown', ''), 'words'],
  [500, "This Session's transaction has been rolled back", 'words'],
  [504, 'Gateway session timeout', 'words'],
  [503, 'unknown session', 'words'],
  [200, error('Server not initialized'), 'words'],
  [400, '', 'doubt'],
  [401, '', 'doubt'],
  [403, '', 'doubt'],
  [503, '', 'doubt'],
  [404, error('Session not found', requestId), 'words'],
  [200, error('Session not found', requestId), 'words'],
  [404, error('Method not found', requestId), 'none'],
  [400, error('Invalid params', requestId), 'none'],
  [200, error('Invalid params'), 'none'],
  [200, JSON.stringify({ jsonrpc: '2.0', id: requestId, result: { text: 'an "error" of the session' } }), 'none'],
  [429, 'too many sessions', 'none'],
  [500, '', 'none'],
  [502, '<h1>Bad Gateway</h1>', 'none'],
] as const)('status %i with %s says of the loss of a session: %s', ([status, text, loss]) => {
  expect(sessionLossIn({ status, kind: 'json', text }, requestId)).toBe(loss)
})

test('a server without session ids is initialized again only when it says so', () => {
  const says = (status: number, text: string) => wantsInitialize({ status, kind: 'json', text })
  expect(says(400, error('Bad Request: Server not initialized'))).toBe(true)
  expect(says(400, 'Bad Request')).toBe(false)
  expect(says(404, '')).toBe(false)
  expect(says(503, 'initializing')).toBe(false)
})

test('what may have been executed is repeated only if it changes nothing', () => {
  expect(mayRepeat(404, 'tools/call')).toBe(true)
  expect(mayRepeat(401, 'tools/call')).toBe(true)
  expect(mayRepeat(200, 'tools/call')).toBe(false)
  expect(mayRepeat(503, 'tools/call')).toBe(false)
  expect(mayRepeat(503, 'com.example/do')).toBe(false)
  expect(mayRepeat(503, 'tools/list')).toBe(true)
  expect(mayRepeat(200, 'resources/read')).toBe(true)
})
