import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** Where the panel keeps its files on this computer. */
export type PanelPaths = {
  /** What a person chose. */
  readonly config: string
  /** Machines, clusters, operations, secrets; one running panel holds it. */
  readonly data: string
  /** May be deleted at any time. */
  readonly cache: string
  /** Logs and the like: worth keeping, not worth a backup. */
  readonly state: string
}

export type PathSource = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  readonly home: string
}

const ofThisComputer = (): PathSource => ({ env: process.env, platform: process.platform, home: homedir() })

/** Names only; nothing is made on disk. `SHOAL_PANEL_HOME` puts all of them into one folder. */
export function panelPaths(source: PathSource = ofThisComputer()): PanelPaths {
  const { env, platform, home } = source
  const own = env['SHOAL_PANEL_HOME']
  if (own) {
    return { config: join(own, 'config'), data: join(own, 'data'), cache: join(own, 'cache'), state: join(own, 'state') }
  }
  if (platform === 'darwin') {
    const library = join(home, 'Library')
    return {
      config: join(library, 'Preferences', 'shoal'),
      data: join(library, 'Application Support', 'shoal'),
      cache: join(library, 'Caches', 'shoal'),
      state: join(library, 'Logs', 'shoal'),
    }
  }
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local')
    const roaming = env['APPDATA'] ?? join(home, 'AppData', 'Roaming')
    const inLocal = (name: string) => join(local, 'shoal', name)
    return { config: join(roaming, 'shoal', 'Config'), data: inLocal('Data'), cache: inLocal('Cache'), state: inLocal('Log') }
  }
  const base = (name: string, ...standard: string[]): string => {
    const given = env[name]
    return join(given !== undefined && isAbsolute(given) ? given : join(home, ...standard), 'shoal') // a relative one is to be ignored
  }
  return {
    config: base('XDG_CONFIG_HOME', '.config'),
    data: base('XDG_DATA_HOME', '.local', 'share'),
    cache: base('XDG_CACHE_HOME', '.cache'),
    state: base('XDG_STATE_HOME', '.local', 'state'),
  }
}
