import type { MachineFacts } from '../contract/machines.ts'
import type { Facts } from './probe-frame.ts'

const mebibyte = 1_048_576

/**
 * From nvidia-smi, else from rocm-smi. A driver that is loaded while its tool shows no card is a driver and no GPUs; what is said of it then
 * stands behind its version.
 */
export function parseGpus(facts: Facts): Pick<MachineFacts, 'gpus' | 'gpuDriver'> {
  const cards = facts.all('nvidia').flatMap(parseCard).slice(0, 64)
  const holders = facts.all('nvidia-holder').flatMap(parseHolder)
  const gpus = cards.map(({ uuid, index, name, memoryBytes, usedBytes }) => ({
    index,
    name,
    memoryBytes,
    usedBytes,
    holders: holders
      .filter(({ gpu }) => gpu === uuid)
      .map(({ holder }) => holder)
      .slice(0, 256),
  }))
  const ofKernel = /Kernel Module\s+(?:for \S+\s+)?([\d.]+)/.exec(facts.first('nvidia-driver') ?? '')?.[1]
  if (gpus.length > 0) return { gpus, gpuDriver: cards[0]?.driver ?? ofKernel ?? null }
  const amd = parseRocm(facts.all('rocm'))
  if (amd.length > 0) return { gpus: amd, gpuDriver: facts.first('amd-driver') ?? 'amdgpu' }
  const said = facts.first('nvidia')
  const isBroken = ofKernel !== undefined || (said !== undefined && /driver|NVML/i.test(said))
  return { gpus: [], gpuDriver: isBroken ? `${ofKernel ?? 'unknown'}: ${(said ?? 'nvidia-smi is missing').slice(0, 300)}` : null }
}

/** `0, GPU-5f…, 40960, 3, 535.104.05, NVIDIA A100-SXM4-40GB`. Memory in MiB, or `[N/A]` where the card shares that of the machine. */
function parseCard(line: string) {
  const [index = '', uuid = '', total, used, driver = '', ...name] = line.split(',').map((field) => field.trim())
  if (!/^\d+$/.test(index) || !uuid.startsWith('GPU-')) return []
  const bytes = (text: string | undefined) => (Number(text) || 0) * mebibyte
  return [{ index: Number(index), uuid, driver, name: name.join(', '), memoryBytes: bytes(total), usedBytes: bytes(used) }]
}

/** `GPU-5f…,4711,alice, 2048, /usr/bin/python3` */
function parseHolder(line: string) {
  const [gpu = '', pid = '', user = '?', used, ...command] = line.split(',').map((field) => field.trim())
  if (!/^\d+$/.test(pid)) return []
  const holder = { pid: Number(pid), user, command: command.join(', ').slice(0, 300), usedBytes: (Number(used) || 0) * mebibyte }
  return [{ gpu, holder }]
}

/** Its table has a line of titles that differ from version to version; what it does not tell is left at 0. */
function parseRocm(lines: readonly string[]): MachineFacts['gpus'] {
  const titles = (lines.find((line) => line.startsWith('device,')) ?? '').split(',')
  const column = (pattern: RegExp) => titles.findIndex((title) => pattern.test(title))
  const [total, used, name] = [column(/^VRAM Total Memory/i), column(/^VRAM Total Used/i), column(/card (series|model)/i)]
  return lines.flatMap((line) => {
    const index = /^card(\d+),/.exec(line)?.[1]
    if (index === undefined) return []
    const fields = line.split(',')
    const bytes = (at: number) => Number(fields[at]) || 0
    return [{ index: Number(index), name: fields[name] ?? 'AMD', memoryBytes: bytes(total), usedBytes: bytes(used), holders: [] }]
  })
}
