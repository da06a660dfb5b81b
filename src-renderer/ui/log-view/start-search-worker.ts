import type { StartWorker } from './pattern-runner.ts'

/** A worker of the page. Its file comes from where the page came from, as the page's policy wants it. */
export const startSearchWorker: StartWorker = ({ onMessage, onError }) => {
  const worker = new Worker(new URL('./search-worker.ts', import.meta.url), { type: 'module' })
  worker.onmessage = ({ data }) => onMessage(data)
  worker.onerror = (event) => onError(event.message || 'the file of the search could not be loaded')
  return { post: (order) => worker.postMessage(order), end: () => worker.terminate() }
}
