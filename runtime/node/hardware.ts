import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { availableParallelism, networkInterfaces, totalmem } from 'node:os'
import type { Logger } from '../base/logger.ts'
import { readMemoryLimit } from './memory-use.ts'
import { readText } from './read-text.ts'

export type Gpu = { readonly index: string; readonly uuid: string; readonly name: string; readonly memoryBytes: number }
export type Hardware = { readonly cpus: number; readonly memoryBytes: number; readonly gpus: readonly Gpu[] }

const nvidiaTimeoutMs = 5_000
const nvidiaQuery = ['--query-gpu=index,uuid,name,memory.total', '--format=csv,noheader,nounits']
const mebibyte = 1_048_576

/** What this machine, or the container we are in, has. A machine without the vendor's tool has no GPUs. */
export async function readHardware(logger: Logger, env: NodeJS.ProcessEnv = process.env): Promise<Hardware> {
  const gpus = visibleGpus(await queryGpus(logger), env['CUDA_VISIBLE_DEVICES'])
  const quota = parseCpuQuota(readText('/sys/fs/cgroup/cpu.max'))
  const cpus = Math.max(1, Math.min(availableParallelism(), quota ?? Number.POSITIVE_INFINITY))
  return { cpus, memoryBytes: Math.min(totalmem(), readMemoryLimit() ?? Number.POSITIVE_INFINITY), gpus }
}

/** Lines such as `0, GPU-5f…, NVIDIA A100-SXM4-40GB, 40960`; others are passed over. Memory is in MiB. */
export function parseNvidiaSmi(output: string): Gpu[] {
  const gpus: Gpu[] = []
  for (const line of output.split('\n')) {
    const fields = line.split(',').map((field) => field.trim())
    const [index, uuid] = fields
    const memoryMiB = Number(fields.at(-1))
    if (fields.length < 4 || index === undefined || uuid === undefined || !/^\d+$/.test(index)) continue
    gpus.push({ index, uuid, name: fields.slice(2, -1).join(', '), memoryBytes: Number.isFinite(memoryMiB) ? memoryMiB * mebibyte : 0 })
  }
  return gpus
}

/** What CUDA would show us: its variable lists indexes or beginnings of uuids, and the first unknown one ends the list. Empty: none. */
export function visibleGpus(gpus: readonly Gpu[], variable: string | undefined): Gpu[] {
  if (variable === undefined) return [...gpus]
  const visible: Gpu[] = []
  for (const entry of variable.split(',').map((part) => part.trim())) {
    const gpu = gpus.find((each) => each.index === entry || (entry.startsWith('GPU-') && each.uuid.startsWith(entry)))
    if (!gpu || visible.includes(gpu)) break
    visible.push(gpu)
  }
  return visible
}

/** Whole CPUs of `cpu.max` (`200000 100000` is 2), rounded up; undefined without a limit. */
export function parseCpuQuota(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/).map(Number)
  return quota === undefined || period === undefined || !(quota > 0) || !(period > 0) ? undefined : Math.ceil(quota / period)
}

/** Ray's name of an accelerator: `NVIDIA A100-SXM4-40GB` is `A100`. */
export function acceleratorType(gpuName: string): string {
  const words = gpuName
    .replace(/^NVIDIA\s+/i, '')
    .replace(/^(Tesla|GeForce|Quadro)\s+/i, '')
    .split(/[\s-]/)
  return words[0] === 'RTX' || words[0] === 'GTX' ? words.slice(0, 2).join('-') : (words[0] ?? 'unknown')
}

const storeShareOfMemory = 0.3
const storeShareOfShm = 0.8
const largestStoreBytes = 200e9
const smallestStoreBytes = 75 * mebibyte

/** 30 % of memory, at most 80 % of what /dev/shm has free and 200 GB, at least 75 MiB (Ray: the same shares). */
export async function defaultStoreBytes(memoryBytes: number, memoryRoot = '/dev/shm'): Promise<number> {
  const free = await statfs(memoryRoot).then(
    (stats) => stats.bavail * stats.bsize,
    () => Number.POSITIVE_INFINITY, // none on this system: the store goes to disk
  )
  const wanted = Math.min(memoryBytes * storeShareOfMemory, free * storeShareOfShm, largestStoreBytes)
  return Math.floor(Math.max(smallestStoreBytes, wanted))
}

/** The address that others on the network most likely reach us by. */
export function ownAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) if (address.family === 'IPv4' && !address.internal) return address.address
  }
  return '127.0.0.1'
}

function queryGpus(logger: Logger): Promise<Gpu[]> {
  return new Promise((resolve) => {
    execFile('nvidia-smi', nvidiaQuery, { timeout: nvidiaTimeoutMs, killSignal: 'SIGKILL' }, (error, stdout) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'ENOENT') logger.warn('hardware.gpus-unknown', { reason: error.message }) // execFile's error carries a code
      resolve(error ? [] : parseNvidiaSmi(stdout))
    })
  })
}
