import { isObject } from '../../json/is-object.ts'

/**
 * Skills (SEP-2640): folders of files for a model. Each is listed by its `SKILL.md`; its files are read as resources.
 */
export const SKILLS_EXTENSION = 'io.modelcontextprotocol/skills'

export function servesSkills({ extensions }: Readonly<Record<string, unknown>>): boolean {
  return isObject(extensions) && Object.hasOwn(extensions, SKILLS_EXTENSION)
}
