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

export default {
  meta: { name: 'house' },
  rules: {
    'private-keyword': privateKeyword,
    'constant-style': constantStyle,
    'max-names': maxNames,
    'comment-width': commentWidth,
  },
}
