import type { Finding, MachineFacts } from '../contract/machines.ts'
import { bytes, ok, warning } from './findings-words.ts'

/** Less than this is what a driver or a desktop takes. */
const noticedBytes = 500e6

export function gpuFindings({ gpus, gpuDriver, user }: MachineFacts): Finding[] {
  if (gpus.length === 0) {
    if (gpuDriver === null) return [ok('gpu.none', 'No GPU', 'No driver of NVIDIA or AMD was found.')]
    return [
      warning('gpu.driver', 'A GPU driver is there, and shows no GPU', {
        detail: `Driver ${gpuDriver}`,
        remedy:
          'Run nvidia-smi there and see what it says. After an update of the driver a restart of the machine is needed. Without, the node has no GPUs.',
        command: 'nvidia-smi',
      }),
    ]
  }
  const names = [...new Set(gpus.map(({ name }) => name))].join(', ')
  const total = ok('gpu', `${gpus.length} GPU${gpus.length === 1 ? '' : 's'}`, `${names}; driver ${gpuDriver ?? 'unknown'}`)
  const held = gpus.filter(({ usedBytes, holders }) => usedBytes > noticedBytes || holders.length > 0)
  if (held.length === 0) return [total]
  const lines = held.map(({ index, usedBytes, memoryBytes, holders }) => {
    const who = holders.map(
      (each) => `${each.user === user ? 'you' : each.user} (process ${each.pid}, ${each.command}, ${bytes(each.usedBytes)})`,
    )
    return `GPU ${index}: ${bytes(usedBytes)} of ${bytes(memoryBytes)} by ${who.length === 0 ? 'processes that are not visible to this user' : who.join(', ')}`
  })
  return [
    total,
    warning('gpu.in-use', 'GPU memory is in use', {
      detail: `${lines.join('. ')}.`,
      remedy: 'Tasks that need a whole GPU may run out of its memory. Ask who holds it, or give the node fewer GPUs.',
    }),
  ]
}

export function leftoverFindings({ leftovers, hostname }: MachineFacts): Finding[] {
  if (leftovers.length === 0) return [ok('leftovers', 'Nothing was left by earlier runs', '')]
  const size = leftovers.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
  const first = leftovers.slice(0, 5).map(({ kind, what }) => `${kind} ${what}`)
  return [
    warning('leftovers', `${leftovers.length} ${leftovers.length === 1 ? 'thing was' : 'things were'} left by earlier runs`, {
      detail: `${first.join('; ')}${leftovers.length > 5 ? '; and more' : ''}. Together ${bytes(size)}.`,
      remedy: `Look at them and remove them: shoal machine clean ${hostname}`,
    }),
  ]
}

/** Not needed by us; a person may want to know what jobs in Python find, or that another system runs there. */
export function pythonFindings({ python, ray }: MachineFacts): Finding[] {
  const found = [
    python
      ? ok('python', `Python ${python.version}`, python.path)
      : ok('python.none', 'No Python', 'Jobs in Python would not run there; nothing else needs it.'),
  ]
  if (!ray) return found
  if (!ray.isRunning) return [...found, ok('ray', `Ray ${ray.version ?? ''} is installed`.replace('  ', ' '), 'It does not run.')]
  return [
    ...found,
    warning('ray.running', 'Ray runs there', {
      detail: `${ray.version === null ? 'A Ray' : `Ray ${ray.version}`} of some user runs: it takes CPUs, memory and often port 6379 for itself.`,
      remedy:
        'Two schedulers on one machine know nothing of each other. If it is yours, end it the way you started it. "ray stop" ends every Ray of your user there.',
    }),
  ]
}
