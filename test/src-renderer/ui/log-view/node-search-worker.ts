import { buildSync } from 'esbuild'
import { Worker } from 'node:worker_threads'
import type { StartWorker } from '#src-renderer/ui/log-view/pattern-runner.ts'

const script = new URL('../../../../src-renderer/ui/log-view/search-worker.ts', import.meta.url).pathname
const bundled = buildSync({ entryPoints: [script], bundle: true, write: false, format: 'iife' }).outputFiles[0]?.text ?? ''
/** What a page's worker has in its global scope. */
const scope = `
  const { parentPort } = require('node:worker_threads')
  globalThis.postMessage = (data) => parentPort.postMessage(data)
  parentPort.on('message', (data) => globalThis.onmessage({ data }))
`

/** The search's own worker, in a thread of Node. */
export const startNodeWorker: StartWorker = ({ onMessage, onError }) => {
  const worker = new Worker(scope + bundled, { eval: true })
  worker.on('message', onMessage)
  worker.on('error', (error) => onError(error.message))
  return { post: (order) => worker.postMessage(order), end: () => void worker.terminate() }
}
