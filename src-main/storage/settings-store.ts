import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import * as z from 'zod'
import type { DataFolder } from './data-folder.ts'
import { JsonFile } from './json-file.ts'

/** Where passwords and passphrases are kept. `memory`: nowhere, they are asked for again after a start. */
export const SecretKind = z.enum(['memory', 'vault', 'keychain'])
export type SecretKind = z.infer<typeof SecretKind>

export const Settings = z.object({
  /** Tells this panel from others, such as in the lease of a cluster. */
  panelId: z.string().regex(/^p-[0-9a-f]{12}$/),
  /** What others read when this panel holds a lease. */
  panelName: z.string().min(1).max(128),
  secrets: SecretKind.default('memory'),
  /** What is recorded of clusters that are watched goes beyond either, the oldest first. */
  history: z
    .object({ maxBytes: z.int().min(1_048_576).default(2_147_483_648), maxAgeDays: z.int().min(1).max(3_650).default(30) })
    .prefault({}),
  /** Machines that are worked on at once. */
  parallelMachines: z.int().min(1).max(64).default(10),
})
export type Settings = z.infer<typeof Settings>

export type SettingsStore = {
  readonly warnings: readonly string[]
  readonly settings: Settings
  /** @throws ClusterError `bad-argument` naming the setting */
  update(change: Partial<Omit<Settings, 'panelId'>>): Promise<Settings>
}

/** Its file is written at the first start, so that the panel keeps its id. */
export async function openSettingsStore(folder: DataFolder): Promise<SettingsStore> {
  const file = await JsonFile.open<Settings>({
    path: folder.file('settings.json'),
    schema: Settings,
    version: 1,
    empty: () => Settings.parse({ panelId: `p-${randomBytes(6).toString('hex')}`, panelName: hostname().slice(0, 128) || 'this computer' }),
    maxBytes: 1_048_576,
  })
  await file.update((settings) => settings)
  return {
    warnings: file.warning === undefined ? [] : [file.warning],
    get settings() {
      return file.data
    },
    update: (change) => file.update((settings) => ({ ...settings, ...change, panelId: settings.panelId })),
  }
}
