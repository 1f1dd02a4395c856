import { readFileSync } from 'node:fs'

/**
 * What the bootstrap may run: exact packages of the npm registry, each with the sha512 of its tarball. `node` has one
 * for each kind of machine, `pnpm` is the same everywhere. `renew-pins.mjs` writes the file.
 */
export const pinsFile = new URL('./pins.json', import.meta.url)

export const readPins = () => JSON.parse(readFileSync(pinsFile, 'utf8'))
