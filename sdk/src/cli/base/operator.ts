import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { importJWK, SignJWT } from 'jose'
import { z } from 'zod'
import { CliFault } from './fault.ts'

/** Whoever may read `operator.key` is the operator of an embedded gateway. */
export interface Operator {
  /** A short-lived proof: for the API when nobody is named, for a person's token when one is. */
  assert(person?: string): Promise<string>
}

const lifeSeconds = 60
const Key = z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), d: z.string(), x: z.string() })

export async function openOperator(birHome: string, { issuer, osUser }: { issuer: string; osUser: string }): Promise<Operator> {
  const key = await importJWK(await readKey(join(birHome, 'operator.key')), 'EdDSA')
  return {
    assert(person) {
      const assertion = new SignJWT(person === undefined ? {} : { sub: person })
      assertion.setProtectedHeader({ alg: 'EdDSA', typ: 'bir-operator+jwt' }).setIssuer(`operator:${osUser}`).setAudience(issuer)
      return assertion.setIssuedAt().setExpirationTime(`${lifeSeconds}s`).setJti(randomUUID()).sign(key)
    },
  }
}

async function readKey(file: string) {
  const say = (problem: string, cause?: unknown) => new CliFault('no_operator_key', `${file} ${problem}`, { cause })
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw say('cannot be read: run bir as the user who started the gateway.', cause)
  }
  try {
    return Key.parse(JSON.parse(text))
  } catch {
    throw say('is not an operator key: stop the gateway, remove the file and start again to get a new one.')
  }
}
