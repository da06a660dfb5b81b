import { connect, type IncomingHttpHeaders } from 'node:http2'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { bytesField, frameMessage, readFields, unframeMessage } from '#runtime/head/grpc/codec.ts'
import { createKeyPair } from '#runtime/transport/certificates.ts'
import { dialTls } from '#runtime/transport/dial.ts'
import { joinLocally } from '../head-process.ts'
import { aServedHead, type ServedHead } from '../http/served-head.ts'

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8')
const getClusterId = '/ray.rpc.NodeInfoGcsService/GetClusterId'
const kvGet = '/ray.rpc.InternalKVGcsService/InternalKVGet'

type Reply = { readonly status: string; readonly message: string; readonly fields: Map<number, Uint8Array> }

/** A head that others could reach, on loopback; `call` speaks gRPC without TLS to its one port. */
async function aHeadWithGrpc(): Promise<ServedHead & { call(path: string, message?: Uint8Array, token?: string | null): Promise<Reply> }> {
  const head = await aServedHead(['--listen', '127.0.0.1:0'])
  return {
    ...head,
    call: (path, message = Buffer.alloc(0), token = head.token) => callOver(Number(head.head.facts['port']), { path, message, token }),
  }
}

async function callOver(
  port: number,
  { path, message, token }: { path: string; message: Uint8Array; token: string | null },
): Promise<Reply> {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  onTestFinished(() => session.destroy())
  const stream = session.request({
    ...{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' },
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  })
  let headers: IncomingHttpHeaders = {}
  stream.on('response', (given) => (headers = { ...headers, ...given }))
  stream.on('trailers', (given: IncomingHttpHeaders) => (headers = { ...headers, ...given }))
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.end(frameMessage(message))
  await once(stream, 'close')
  const body = Buffer.concat(chunks)
  return {
    status: String(headers['grpc-status']),
    message: decodeURIComponent(String(headers['grpc-message'] ?? '')),
    fields: body.byteLength === 0 ? new Map() : readFields(unframeMessage(body)),
  }
}

const kvRequest = (namespace: string, key: string) =>
  Buffer.concat([bytesField(1, Buffer.from(key)), bytesField(2, Buffer.from(namespace))])

test('the cluster id is 28 bytes, the same that HTTP tells', async () => {
  const head = await aHeadWithGrpc()
  const { status, fields } = await head.call(getClusterId)
  expect(status).toBe('0')
  const id = Buffer.from(fields.get(2) ?? []).toString('hex')
  expect(id).toBe(JSON.parse((await head.ask('/cluster_id')).body).data.clusterId)
})

test('the keys that the ray command asks for are there, and any other is absent in words that it knows', async () => {
  const head = await aHeadWithGrpc()
  await joinLocally(head.head, 'a1'.repeat(28))
  const value = async (namespace: string, key: string) => text((await head.call(kvGet, kvRequest(namespace, key))).fields.get(2))
  expect(await value('dashboard', 'dashboard')).toBe(head.head.facts['apiAddress'])
  expect(await value('cluster', 'CLUSTER_METADATA')).toBe('{}')
  expect(await value('__autoscaler', '__autoscaler_v2_enabled')).toBe('0')
  expect(JSON.parse(await value('', '__autoscaling_status'))).toMatchObject({
    time: expect.any(Number),
    load_metrics_report: { usage: { CPU: [0, expect.any(Number)] } },
    autoscaler_report: { active_nodes: { [`node_${'a1'.repeat(28)}`]: 1 } },
  })
  const absent = await head.call(kvGet, kvRequest('', '__autoscaling_error'))
  expect(absent.status).toBe('0')
  expect(absent.fields.get(2)).toBeUndefined()
  expect(Buffer.from(absent.fields.get(1) ?? []).subarray(0, 2)).toEqual(Buffer.from([8, 17]))
})

test('no token and a wrong one are UNAUTHENTICATED, another method UNIMPLEMENTED, noise INVALID_ARGUMENT', async () => {
  const head = await aHeadWithGrpc()
  expect(await head.call(getClusterId, undefined, null)).toMatchObject({ status: '16', message: expect.stringContaining('api-token') })
  expect((await head.call(getClusterId, undefined, '0'.repeat(64))).status).toBe('16')
  expect((await head.call('/ray.rpc.JobInfoGcsService/GetAllJobInfo')).status).toBe('12')
  expect((await head.call(kvGet, Buffer.from('ffffff', 'hex'))).status).toBe('3')
  expect((await head.call(kvGet, Buffer.alloc(100_000))).status).toBe('8')
})

test('TLS and gRPC share the port, and what is neither ends without harm', async () => {
  const head = await aHeadWithGrpc()
  const port = Number(head.head.facts['port'])
  const noise = connectTcp({ host: '127.0.0.1', port })
  noise.on('error', () => {})
  noise.resume().write('GET / HTTP/1.1\r\n\r\n')
  await once(noise, 'close')
  const silent = connectTcp({ host: '127.0.0.1', port })
  silent.on('error', () => {})
  silent.resume().end()
  await once(silent, 'close')
  const joinToken = readFileSync(head.head.layout.joinToken, 'utf8').trim()
  const { publicKeyPem } = createKeyPair()
  const joined = await dialTls(
    { host: '127.0.0.1', port, joinToken },
    { hello: { role: 'join', version: 'test', details: { publicKey: publicKeyPem } } },
  )
  expect(joined.answer.nodeId).toMatch(/^[0-9a-f]{56}$/)
  joined.raw().destroy()
  expect((await head.call(getClusterId)).status).toBe('0')
})
