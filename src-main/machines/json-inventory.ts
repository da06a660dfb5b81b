import * as z from 'zod'
import { MachineSpec } from '../contract/machines.ts'
import { InventoryDraft, type ParsedInventory, refuseHugeText } from './inventory-draft.ts'

/** Of the file that `exportJson` writes. */
export const jsonFormat = 'shoal-machines'

const Envelope = z.object({ format: z.literal(jsonFormat), version: z.literal(1), machines: z.array(z.unknown()) })

/** Machines of a JSON file of ours. Lines are counted in machines, as JSON keeps no others. */
export function parseJsonInventory(text: string): ParsedInventory {
  const huge = refuseHugeText(text)
  if (huge) return huge
  const inventory = new InventoryDraft()
  const envelope = Envelope.safeParse(jsonOf(text))
  if (!envelope.success) {
    inventory.problem(0, '', `expected is {"format": "${jsonFormat}", "version": 1, "machines": [...]}, as the export writes it`)
    return inventory.result()
  }
  for (const [index, machine] of envelope.data.machines.entries()) {
    const stop = inventory.whyStop()
    if (stop !== undefined) {
      inventory.stopped(index + 1, stop)
      break
    }
    const parsed = MachineSpec.safeParse(machine)
    const issue = parsed.error?.issues[0]
    if (parsed.success) inventory.add(parsed.data, index + 1, parsed.data.name)
    else
      inventory.problem(
        index + 1,
        '',
        `not added: machine ${index + 1} of the file: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
      )
  }
  return inventory.result()
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
