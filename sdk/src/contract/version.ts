/** The version of this software, as every `package.json` of it has it. */
export const VERSION = '0.1.0'
