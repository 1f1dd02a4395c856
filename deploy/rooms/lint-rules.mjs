// Rules of style that no other linter has. Each message says what to write instead.

const shouted = /^[A-Z][A-Z0-9]+(_[A-Z0-9]+)*$/
const maxWidth = 120

/** One style of private members: the keyword, which costs nothing at run time and reads like the others. */
const privateKeyword = {
  create: (context) => ({
    PrivateIdentifier(node) {
      context.report({ node, message: `Write "private ${node.name}" instead of "#${node.name}".` })
    },
  }),
}

/** A constant that other files import is in capitals; one of the file's own is written as any variable. */
const constantStyle = {
  create: (context) => ({
    VariableDeclaration(node) {
      if (node.kind !== 'const' || node.parent.type !== 'Program') return
      for (const { id } of node.declarations)
        if (id.type === 'Identifier' && shouted.test(id.name))
          context.report({ node: id, message: `${id.name} is used in this file alone: write it in camelCase.` })
    },
  }),
}

/** One word for a limit: max, never most or longest. */
const maxNames = {
  create: (context) => ({
    Identifier(node) {
      if (/^(most|usualMost)([A-Z]|$)|^(MOST|LONGEST)_|^longest[A-Z]\w*(Ms|S)$/.test(node.name))
        context.report({ node, message: `${node.name} is a limit: begin its name with max.` })
    },
  }),
}

/** A comment line that fits a window. A comment behind code is not measured: the formatter keeps that line short. */
const commentWidth = {
  create: (context) => ({
    Program(node) {
      const { lines } = context.sourceCode
      for (const { loc } of context.sourceCode.getAllComments()) {
        const startsLine = lines[loc.start.line - 1].slice(0, loc.start.column).trim() === ''
        const widths = lines.slice(loc.start.line - 1, loc.end.line).map(({ length }) => length)
        if (startsLine && Math.max(...widths) > maxWidth)
          context.report({ loc, node, message: `A line of this comment is longer than ${maxWidth} characters: break it, or say less.` })
      }
    },
  }),
}

const functionTypes = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

const isWithResolvers = (node) =>
  node?.type === 'CallExpression' &&
  node.callee.type === 'MemberExpression' &&
  node.callee.object.name === 'Promise' &&
  node.callee.property.name === 'withResolvers'

/** `new Promise((resolve, reject) => …)`: others can reject it later. */
const isRejectable = (node) => node?.type === 'NewExpression' && node.callee.name === 'Promise' && node.arguments[0]?.params?.length > 1

/** The nodes within a node, but not those within a function inside it, which runs at another time. */
function* nodesWithin(node) {
  for (const [key, value] of Object.entries(node)) {
    if (key === 'parent') continue
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type !== 'string' || functionTypes.has(child.type)) continue
      yield child
      yield* nodesWithin(child)
    }
  }
}

const within = ({ range: [start, end] }, outer) => start >= outer[0] && end <= outer[1]

/** How a declaration names a promise that others can reject; undefined where it declares none. */
function promiseNamed({ id, init }, text) {
  if (isRejectable(init)) return { name: id.name }
  if (!isWithResolvers(init)) return undefined
  if (id.type === 'Identifier') return text.includes(`${id.name}.reject`) ? { name: id.name, member: 'promise' } : undefined
  const nameOf = (wanted) => id.properties.find(({ key }) => key?.name === wanted)?.value.name
  return nameOf('reject') === undefined ? undefined : { name: nameOf('promise') }
}

/**
 * A promise that others can reject has a handler before anything else is awaited: until then a rejection is nobody's,
 * and an unhandled one. Seen is what is in one function, in the order it is written. Not seen: a promise that a
 * function returned, and whether whoever was handed the promise handles it.
 */
const handledDeferred = {
  create(context) {
    const fields = new Map()
    const isPromise = ({ name, member }) =>
      member === undefined
        ? (node) => node.type === 'Identifier' && node.name === name
        : (node) => node.type === 'MemberExpression' && node.object.name === name && node.property.name === member
    const fieldOf = (node) => (node.type === 'MemberExpression' && node.object.type === 'ThisExpression' ? node.property.name : undefined)
    return {
      VariableDeclarator(node) {
        const promise = promiseNamed(node, context.sourceCode.text)
        let scope = node.parent
        while (scope.parent && !functionTypes.has(scope.type)) scope = scope.parent
        if (!promise?.name) return
        const later = [...nodesWithin(scope)].filter(({ range }) => range[0] >= node.range[1])
        const wait = later.find(({ type }) => type === 'AwaitExpression')
        if (!wait || later.some((use) => isPromise(promise)(use) && within(use, [node.range[1], wait.range[1]]))) return
        context.report({ node, message: `${promise.name} may be rejected while something else is awaited: give it a handler first.` })
      },
      PropertyDefinition(node) {
        if (isWithResolvers(node.value)) fields.set(node.key.name, node)
      },
      AssignmentExpression(node) {
        if (isWithResolvers(node.right) && fieldOf(node.left)) fields.set(fieldOf(node.left), node)
      },
      'Program:exit'() {
        const { text } = context.sourceCode
        for (const [name, node] of fields) {
          const uses = (what) => new RegExp(`this\\.${name}\\??\\.${what}\\b`).test(text)
          if (uses('reject') && !uses('promise\\.(catch|then)'))
            context.report({ node, message: `this.${name} is rejected: give its promise a handler where it is made.` })
        }
      },
    }
  },
}

export default {
  meta: { name: 'house' },
  rules: {
    'private-keyword': privateKeyword,
    'constant-style': constantStyle,
    'max-names': maxNames,
    'comment-width': commentWidth,
    'handled-deferred': handledDeferred,
  },
}
