import type { ErrorCode } from '@bir/sdk/contract/errors'
import type { Fields } from '../../json/edit.ts'
import { isProtocolMethod, methodLike } from './methods.ts'
import * as shapes from './protocol-names.ts'
import type { LookAlike, Shape } from './shape.ts'

/**
 * Why a message must go no further: a name in it differs from one of the protocol only in its spelling. A server that
 * reads names without regard to case would see another request than the one that the policy decides on.
 */
export interface NameFault {
  readonly code: Extract<ErrorCode, 'invalidRequest' | 'invalidParams' | 'unknownMethod'>
  /** Names the member. It may leave the gateway. */
  readonly message: string
}

/** The fault of the message itself: of the members beside `method` and `params`. */
export const envelopeFault = (message: Fields): NameFault | undefined => faultIn(shapes.request, message, '', 'invalidRequest')

/** The fault of a request or notification, inside its envelope. */
export function requestFault(method: string, params: Fields): NameFault | undefined {
  if (isProtocolMethod(method)) return faultIn(shapes.params, params, 'params.', 'invalidParams')
  const meant = methodLike(method)
  if (meant !== undefined)
    return { code: 'unknownMethod', message: `The method differs from ${meant} only in its spelling. Send ${meant}.` }
  return faultIn(shapes.foreignParams, params, 'params.', 'invalidParams')
}

/** The fault of a client's answer to a server's question. */
export const responseFault = (message: Fields): NameFault | undefined => faultIn(shapes.response, message, '', 'invalidRequest')

/** Why an entry of a server's list cannot be trusted: a client could read another name in it than the gateway does. */
export function entryFault(entry: Fields): string | undefined {
  const found = shapes.entry.lookAlikeIn(entry, '')
  return found && sentence(found)
}

function faultIn(shape: Shape, object: Fields, path: string, code: NameFault['code']): NameFault | undefined {
  const found = shape.lookAlikeIn(object, path)
  return found && { code, message: `${sentence(found)} Send ${found.meant}, or another name.` }
}

const sentence = ({ path, meant }: LookAlike): string => `The member ${path} differs from ${meant} only in its spelling.`
