import { listSshConfigHosts } from '../ssh/ssh-config.ts'
import { InventoryDraft, maxInventoryMachines, nameFromHost, type ParsedInventory } from './inventory-draft.ts'

/** A machine for each alias of an ssh config. Address, user, keys and jump hosts stay in that file: ssh's rules are asked for them at each connection. */
export async function readSshConfigInventory(file: string): Promise<ParsedInventory> {
  const inventory = new InventoryDraft()
  const aliases = await listSshConfigHosts(file)
  for (const alias of aliases.slice(0, maxInventoryMachines)) inventory.add({ name: nameFromHost(alias), host: alias }, 0, `Host ${alias}`)
  if (aliases.length > maxInventoryMachines) {
    inventory.problem(0, '', `the file names ${aliases.length} hosts; the first ${maxInventoryMachines} were read`)
  }
  return inventory.result()
}
