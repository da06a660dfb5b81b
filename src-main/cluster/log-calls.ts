import type { IncomingMessage } from 'node:http'
import { endHeader, LogStreamMessage, offsetHeader } from '../../runtime/api/logs.ts'
import { ClusterError, isErrorCode, toError } from '../../runtime/base/errors.ts'
import type { ApiClient, ApiQuery } from '../../runtime/client/api-client.ts'
import { notAHead } from '../../runtime/client/api-errors.ts'
import type { LogFilePlace, LogPiece, LogPieceQuestion, LogStreamQuestion } from './cluster-calls.ts'
import { pathOf, routeOf } from './routes.ts'

/** As `ClusterCalls.streamLogs` says. */
export async function* streamLogs(api: ApiClient, { signal, ...order }: LogStreamQuestion): AsyncGenerator<LogStreamMessage> {
  const path = pathOf(routeOf('streamLogs'))
  try {
    const socket = await api.openSocket(path, signal ? { signal } : {})
    try {
      socket.send(JSON.stringify({ type: 'open', ...order }))
      for await (const text of socket) {
        const message = messageFrom(api, path, text)
        if (message.type === 'failed') throw new ClusterError(isErrorCode(message.code) ? message.code : 'internal', message.message)
        yield message
      }
    } finally {
      socket.close()
    }
  } catch (error) {
    if (signal?.aborted) return
    throw error instanceof ClusterError && error.details['closeCode'] === tooManyStreams ? tooMany() : error
  }
  if (!signal?.aborted) throw new ClusterError('link.closed', 'the head ended the stream of logs; ask again to go on')
}

const tooManyStreams = 4_429
const tooMany = () =>
  new ClusterError('too-many-requests', 'the head serves as many streams of logs as it can; close one, here or in another panel')

function messageFrom(api: ApiClient, path: string, text: string): LogStreamMessage {
  try {
    return LogStreamMessage.parse(JSON.parse(text))
  } catch (error) {
    throw notAHead(api.url, `${path}: ${toError(error).message}`)
  }
}

/** As `ClusterCalls.readLog` says. */
export async function readLogPiece(api: ApiClient, question: LogPieceQuestion): Promise<LogPiece> {
  const { offset, maxBytes, signal } = question
  const query = { ...placeQuery(question), offset, max_bytes: maxBytes }
  const answer = await api.stream({ method: 'GET', path: pathOf(routeOf('getLog')), query, ...(signal ? { signal } : {}) })
  try {
    const end = headerOf(answer, endHeader)
    if (end === undefined)
      throw new ClusterError(
        'not-supported',
        'this head gives logs only whole; upgrade it to save them piece by piece, or ask for their last lines',
      )
    const start = headerOf(answer, offsetHeader) ?? offset
    const bytes = await readAtMost(answer, maxBytes)
    const next = start + bytes.byteLength
    return { offset: start, bytes, next, isEnd: next >= end }
  } finally {
    answer.destroy()
  }
}

async function readAtMost(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let left = maxBytes
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, left))
      left -= chunk.byteLength
      if (left <= 0) break
    }
  } catch (error) {
    throw brokeOff(error)
  }
  return Buffer.concat(chunks)
}

const brokeOff = (error: unknown) =>
  new ClusterError('link.closed', `the log broke off: ${toError(error).message}; ask again to go on`, { cause: error })

const placeQuery = (place: LogFilePlace): ApiQuery =>
  'job' in place ? { submission_id: place.job } : { node_id: place.nodeId, filename: place.file }

function headerOf({ headers }: IncomingMessage, name: string): number | undefined {
  const value = headers[name]
  return typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : undefined
}
