import { execFile } from 'node:child_process'
import type { Logger } from '../../base/logger.ts'
import type { GpuMetrics } from '../../protocol/metrics.ts'

const mebibyte = 1_048_576
/** The name is last, as it may hold commas. */
const gpuFields = 'index,uuid,utilization.gpu,memory.used,memory.total,power.draw,temperature.gpu,name'
const gpuQuery = [`--query-gpu=${gpuFields}`, '--format=csv,noheader,nounits']
const processQuery = ['--query-compute-apps=gpu_uuid,pid,used_memory', '--format=csv,noheader,nounits']

/** Lines such as `0, GPU-5f…, 37, 1024, 40960, 61.25, 41, NVIDIA A100-SXM4-40GB`; others are passed over. What the driver does not say is null. */
export function parseGpus(text: string): Omit<GpuMetrics, 'processes'>[] {
  const gpus: Omit<GpuMetrics, 'processes'>[] = []
  for (const line of text.split('\n')) {
    const fields = line.split(',').map((field) => field.trim())
    const [index, uuid, utilization, used, total, power, temperature] = fields
    if (fields.length < 8 || index === undefined || !/^\d{1,4}$/.test(index) || uuid === undefined) continue
    gpus.push({
      index: Number(index),
      name: fields.slice(7).join(', ').slice(0, 256),
      uuid: uuid.slice(0, 128),
      utilizationPercent: atLeastZero(utilization),
      memoryUsedBytes: (atLeastZero(used) ?? 0) * mebibyte,
      memoryTotalBytes: (atLeastZero(total) ?? 0) * mebibyte,
      powerMilliwatts: scaled(atLeastZero(power), 1_000),
      temperatureCelsius: figure(temperature),
    })
  }
  return gpus
}

/** Lines such as `GPU-5f…, 4711, 3456`, by the uuid of the GPU. */
export function parseGpuProcesses(text: string): Map<string, { pid: number; memoryBytes: number }[]> {
  const byGpu = new Map<string, { pid: number; memoryBytes: number }[]>()
  for (const line of text.split('\n')) {
    const [uuid, pid, used] = line.split(',').map((field) => field.trim())
    if (uuid === undefined || !uuid.startsWith('GPU-') || pid === undefined || !/^\d{1,10}$/.test(pid)) continue
    const process = { pid: Number(pid), memoryBytes: (atLeastZero(used) ?? 0) * mebibyte }
    const processes = byGpu.get(uuid)
    if (processes === undefined) byGpu.set(uuid, [process])
    else if (processes.length < 1_024) processes.push(process)
  }
  return byGpu
}

/** `[N/A]`, `[Not Supported]`, `ERR!` and the like are no figures. */
function figure(text: string | undefined): number | null {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null
}
function atLeastZero(text: string | undefined): number | null {
  const value = figure(text)
  return value === null || value < 0 ? null : value
}
const scaled = (value: number | null, factor: number): number | null => (value === null ? null : Math.round(value * factor))

export type GpuSamplerOptions = {
  readonly logger: Logger
  /** The vendor's tool. @default nvidia-smi */
  readonly tool?: string
  /** @default 10 s */
  readonly everyMs?: number
  /** A tool that hangs, as with a broken driver, is ended after this. @default 5 s */
  readonly timeoutMs?: number
}

/** After a failure the next try waits this many times as long. */
const patienceAfterFailure = 6

/** Asks the vendor's tool for the load of the GPUs now and then, in a process of its own. A machine without the tool has none. */
export class GpuSampler {
  readonly #options: Required<GpuSamplerOptions>
  #gpus: readonly GpuMetrics[] = []
  #asking: Promise<void> | undefined
  #askAtMs = 0
  #isAbsent = false

  constructor(options: GpuSamplerOptions) {
    this.#options = { tool: 'nvidia-smi', everyMs: 10_000, timeoutMs: 5_000, ...options }
  }

  /** What is known now. Asks anew, without waiting for it, when the last answer is old. */
  read(nowMs: number): readonly GpuMetrics[] {
    if (!this.#isAbsent && this.#asking === undefined && nowMs >= this.#askAtMs) {
      this.#askAtMs = nowMs + this.#options.everyMs
      this.#asking = this.#ask(nowMs).finally(() => {
        this.#asking = undefined
      })
    }
    return this.#gpus
  }

  /** Resolves when no question is under way. */
  async settled(): Promise<void> {
    await this.#asking
  }

  async #ask(nowMs: number): Promise<void> {
    const { logger, everyMs } = this.#options
    const [gpuText, processText] = await Promise.all([this.#run(gpuQuery), this.#run(processQuery)])
    if (gpuText instanceof Error) {
      this.#isAbsent = 'code' in gpuText && gpuText.code === 'ENOENT'
      if (!this.#isAbsent) logger.warn('metrics.gpus-unknown', { reason: gpuText.message.slice(0, 512) })
      this.#gpus = []
      this.#askAtMs = nowMs + everyMs * patienceAfterFailure
      return
    }
    const processes = processText instanceof Error ? undefined : parseGpuProcesses(processText)
    this.#gpus = parseGpus(gpuText)
      .slice(0, 256)
      .map((gpu) => ({ ...gpu, processes: processes === undefined ? null : (processes.get(gpu.uuid) ?? []) }))
  }

  #run(args: readonly string[]): Promise<string | Error> {
    const { tool, timeoutMs } = this.#options
    return new Promise((resolve) => {
      execFile(tool, args, { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 4 * mebibyte }, (error, stdout) =>
        resolve(error ?? stdout),
      )
    })
  }
}
