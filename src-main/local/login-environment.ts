import { existsSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'

/** How this user's programs begin on this computer. */
export type Login = { readonly env: Readonly<Record<string, string>>; readonly shell: string; readonly home: string }

/** What says how this very process was started, by npm, a test or Electron; a daemon or a shell that had it would behave as parts of us. */
const ofOurStart = /^(SHOAL_|NODE_|ELECTRON_|VITEST|VITE_|npm_)|^(INIT_CWD|RAY_ADDRESS|COLUMNS|LINES)$/

/** As after a login: the environment of this process, without what concerns it alone. */
export function readLogin(env: NodeJS.ProcessEnv = process.env): Login {
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || ofOurStart.test(name) ? [] : [[name, value] as const],
  )
  const home = existsSync(homedir()) ? homedir() : '/'
  const shell = env['SHELL'] || shellOfUser() || '/bin/sh'
  return { env: { ...Object.fromEntries(kept), SHELL: shell }, shell, home }
}

function shellOfUser(): string | null {
  try {
    return userInfo().shell
  } catch {
    return null // a container may run as a user without an entry
  }
}
