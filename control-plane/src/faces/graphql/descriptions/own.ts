/** What each value of an enum about oneself means. */
export const OWN_VALUES: Readonly<Record<string, string>> = {
  'OwnServerKind.mounted': 'It runs inside the gateway.',
  'OwnServerKind.remote': 'The gateway reaches it over HTTP.',
}

/** What each field about oneself means. */
export const OWN_FIELDS: Readonly<Record<string, string>> = {
  'myActivity.since': 'From this moment on (RFC 3339).',
  'myActivity.until': 'Before this moment (RFC 3339).',
  'myClients.since': 'With a request from this moment on (RFC 3339), within the last 31 days.',
  'OwnServer.id': 'The id of the server.',
  'OwnServer.title': 'What people call it.',
  'OwnServer.kind': 'Where it runs.',
  'OwnServer.killed': 'True when an administrator has switched it off for everybody.',
  'OwnServer.ceiling': 'The highest level that the grants of the caller allow.',
  'OwnServer.level': 'The level at which they may use it now.',
  'OwnServer.selected': 'The level that they selected below the ceiling. Null: none.',
  'OwnServer.secret': 'How they stand with the secret that it needs of people. Null where it needs none.',
  'OwnServer.tools': 'Every tool that is not hidden.',
  'OwnSecret.usable': 'Whether calls can be made with it now.',
  'OwnSecret.why': 'Why not, such as `missing` or `expired`. Null where they can.',
  'OwnSecret.level': 'The highest level of tools that it covers.',
  'OwnTool.name': 'The name of the tool at its server.',
  'OwnTool.description': 'What it does. Null where the gateway knows that from the server alone.',
  'OwnTool.level': 'The level that a call needs.',
  'OwnTool.allowed': 'Whether the caller may call it now.',
  'OwnTool.reason': 'Why not: a word of the closed list. Null where they may.',
  'OwnTool.granted': 'Whether a grant of theirs opens it, whatever they select and whatever secret they have.',
  'OwnTool.off': 'Whether they have switched it off.',
  'OwnClient.client': 'The id of the client, or `personal-token`.',
  'OwnClient.name': 'Its name, where the gateway knows one.',
  'OwnClient.lastAt': 'When its last request came (RFC 3339).',
}
