import * as z from 'zod'
import { ClusterError } from '../../runtime/base/errors.ts'
import { maxMessageBytes } from '../contract/socket-protocol.ts'
import { errorAnswer, sendJson, statusOf } from './answers.ts'
import { findAsset, sendAsset } from './assets.ts'
import { errorText } from './error-text.ts'
import { readJsonBody } from './read-body.ts'
import { wrongToken } from './request-guards.ts'
import { callerOf, type Exchange, type Serving } from './serving.ts'
import type { Visitor } from './sessions.ts'

const maxSessionBodyBytes = 4_096
/** Each holds a body of up to 8 MiB. */
const maxPosts = 32
const SessionBody = z.strictObject({ token: z.string().max(256) })

/** Answers a request that the guards let pass. Rejects only when the client is gone, or for a fault of ours. */
export async function answerRoute(serving: Serving, exchange: Exchange): Promise<void> {
  const { request, response, route } = exchange
  try {
    switch (route.kind) {
      case 'asset': {
        const asset = findAsset(serving.assets, route.path)
        if (asset === undefined) throw new ClusterError('not-found', 'there is no such file in the panel')
        return await sendAsset(request, response, asset)
      }
      case 'open-session':
        return await openSession(serving, exchange)
      case 'ask-session':
        return sendJson(request, response, { status: 200, body: { session: route.visitor.id, access: route.visitor.access } })
      case 'call':
        return await answerCall(serving, exchange, route)
      case 'socket':
        throw new ClusterError('method-refused', 'this path is for WebSockets only')
    }
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code === 'link.closed') throw error
    sendJson(request, response, errorAnswer(statusOf(error.code), errorText(error)))
  }
}

async function openSession({ sessions, cookieName }: Serving, { request, response, isAwaited }: Exchange): Promise<void> {
  if (isAwaited) response.writeContinue()
  const body = SessionBody.safeParse(await readJsonBody(request, maxSessionBodyBytes))
  if (!body.success) throw new ClusterError('bad-argument', 'the body must be {"token": "…"}')
  const judgement = sessions.judgeToken(body.data.token)
  if (judgement === 'wrong' || judgement === 'too-many-guesses') {
    const { status, error } = wrongToken(judgement)
    return sendJson(request, response, errorAnswer(status, errorText(error)))
  }
  const { cookie, pageKey } = sessions.open(judgement)
  const headers = { 'Set-Cookie': `${cookieName}=${cookie}; Path=/; HttpOnly; SameSite=Strict` }
  sendJson(request, response, { status: 201, body: { pageKey }, headers })
}

async function answerCall(
  serving: Serving,
  exchange: Exchange,
  route: { readonly method: string; readonly visitor: Visitor },
): Promise<void> {
  const { request, response, isAwaited } = exchange
  const { posts, dispatch } = serving
  if (posts.running >= maxPosts) throw new ClusterError('too-many-requests', `${maxPosts} calls are running; wait for one to end`)
  const controller = new AbortController()
  response.once('close', () => controller.abort())
  posts.running += 1
  try {
    if (isAwaited && Number(request.headers['content-length'] ?? 0) <= maxMessageBytes) response.writeContinue()
    const input = await readJsonBody(request, maxMessageBytes)
    const answer = await dispatch({ method: route.method, input, caller: callerOf(route.visitor), signal: controller.signal })
    if (answer.ok) sendJson(request, response, { status: 200, body: { output: answer.output } })
    else sendJson(request, response, errorAnswer(statusOf(answer.error.code), answer.error))
  } finally {
    posts.running -= 1
  }
}
