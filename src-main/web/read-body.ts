import type { IncomingMessage } from 'node:http'
import { ClusterError } from '../../runtime/base/errors.ts'

/**
 * The body as a JSON value. An empty one is `undefined`.
 * @throws ClusterError `too-large` as soon as it is, `bad-argument` for what is no JSON, `link.closed` when the client went away
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const tooLarge = () => new ClusterError('too-large', `the body is larger than the ${maxBytes} bytes that are taken here`)
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const text = await new Promise<string>((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    request.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes <= maxBytes) return void parts.push(part)
      request.removeAllListeners('data').pause()
      reject(tooLarge())
    })
    request.once('end', () => resolve(Buffer.concat(parts).toString('utf8')))
    request.once('close', () => reject(new ClusterError('link.closed', 'the client went away in the middle of its request')))
  })
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new ClusterError('bad-argument', 'the body is no JSON') // the parser's own words repeat parts of it
  }
}
