import type { NodeMetrics } from '../../protocol/metrics.ts'
import type { Bucket } from './bucket.ts'
import { gpuKey, gpuSeries, nodeSeries, processKey, processSeries } from './series.ts'

/** Parts of a node of which there is history: its GPUs, and of its processes those that use most. */
export const keptGpus = 32
export const keptProcesses = 16

/** The last samples of one node as they came, in arrays that are made once: 4 bytes for each figure. */
export class RecentSamples {
  readonly #slots: number
  readonly #times: Float64Array
  readonly #node: Float32Array
  readonly #parts = new Map<string, { readonly values: Float32Array; lastSample: number }>()
  /** Samples so far. The last one lies at this, less one, modulo the slots. */
  #count = 0

  constructor(slots: number) {
    this.#slots = slots
    this.#times = new Float64Array(slots)
    this.#node = new Float32Array(slots * nodeSeries.length)
  }

  push(metrics: NodeMetrics, atMs: number): void {
    const slot = this.#count % this.#slots
    this.#times[slot] = atMs
    for (const [index, { of }] of nodeSeries.entries()) this.#node[slot * nodeSeries.length + index] = of(metrics) ?? Number.NaN
    for (const { values } of this.#parts.values()) {
      const width = values.length / this.#slots
      values.fill(Number.NaN, slot * width, slot * width + width)
    }
    for (const gpu of metrics.gpus.slice(0, keptGpus)) {
      this.#pushPart(
        gpuKey(gpu),
        slot,
        gpuSeries.map(({ of }) => of(gpu)),
      )
    }
    for (const process of largest(metrics)) {
      this.#pushPart(
        processKey(process),
        slot,
        processSeries.map(({ of }) => of(process)),
      )
    }
    this.#count += 1
    for (const [key, { lastSample }] of this.#parts) if (lastSample < this.#count - this.#slots) this.#parts.delete(key)
  }

  /** The samples with times from `fromMs` up to, and without, `toMs`, oldest first, as buckets of their own. */
  between(fromMs: number, toMs: number): { atMs: number; bucket: Bucket }[] {
    const found: { atMs: number; bucket: Bucket }[] = []
    for (let sample = Math.max(0, this.#count - this.#slots); sample < this.#count; sample += 1) {
      const slot = sample % this.#slots
      const atMs = this.#times[slot] ?? 0
      if (atMs >= fromMs && atMs < toMs) found.push({ atMs, bucket: this.#bucketAt(slot) })
    }
    return found
  }

  get oldestMs(): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY
    return this.#times[this.#count < this.#slots ? 0 : this.#count % this.#slots] ?? 0
  }

  #pushPart(key: string, slot: number, values: readonly (number | null)[]): void {
    let part = this.#parts.get(key)
    if (part === undefined) {
      part = { values: new Float32Array(this.#slots * values.length).fill(Number.NaN), lastSample: 0 }
      this.#parts.set(key, part)
    }
    part.lastSample = this.#count
    for (const [index, value] of values.entries()) part.values[slot * values.length + index] = value ?? Number.NaN
  }

  #bucketAt(slot: number): Bucket {
    const parts = new Map<string, Float64Array>()
    for (const [key, { values }] of this.#parts) {
      const triples = triplesAt(values, slot, values.length / this.#slots)
      if (triples.some((value) => !Number.isNaN(value))) parts.set(key, triples)
    }
    return { node: triplesAt(this.#node, slot, nodeSeries.length), parts }
  }
}

function triplesAt(values: Float32Array, slot: number, width: number): Float64Array {
  const triples = new Float64Array(width * 3)
  for (let index = 0; index < width; index += 1) triples.fill(values[slot * width + index] ?? Number.NaN, index * 3, index * 3 + 3)
  return triples
}

/** Our daemons always, then those with the most memory and processor time. */
function largest({ processes }: NodeMetrics): NodeMetrics['processes'] {
  if (processes.length <= keptProcesses) return processes
  const weight = ({ role, cpuPercent, rssBytes }: NodeMetrics['processes'][number]) =>
    (role === 'agent' || role === 'head' ? 1e12 : 0) + cpuPercent * 1e8 + rssBytes // one core weighs as much as 10 GB
  return [...processes].sort((one, other) => weight(other) - weight(one)).slice(0, keptProcesses)
}
