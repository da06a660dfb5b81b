import { ClusterError } from '../base/errors.ts'
import type { HeadAsk, HeadAskOf } from '../protocol/head-asks.ts'

/** What a node answers the head, one function for each kind of request. What it returns, or resolves with, is the answer. */
export type HeadRequestHandlers = { readonly [Type in HeadAsk['type']]: (ask: HeadAskOf<Type>) => unknown }

/** @throws ClusterError `protocol.violation` for a message that is no request of the head. */
export function answerHead(handlers: HeadRequestHandlers, message: { readonly type: string }): unknown {
  if (!Object.hasOwn(handlers, message.type)) throw new ClusterError('protocol.violation', `${message.type} is not a request of the head`)
  const handler = handlers[message.type as HeadAsk['type']] as (ask: HeadAsk) => unknown // the link parsed it by the schema of its type
  return handler(message as HeadAsk)
}
