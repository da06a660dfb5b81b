import * as z from 'zod'

/** Of a page: a path of ours with its query, and nothing that could lead out of it. */
export const PagePath = z
  .string()
  .max(2_048)
  .regex(/^\/(?!\/)[\w.~%:@/-]*(\?[\w.~%:@/?&=+,*!-]*)?$/, 'a path of the panel, such as /c/lab/jobs?status=RUNNING')
  .refine((path) => !/\/{2}|\/\.{1,2}(\/|\?|$)|%(2e|2f|5c|00)/i.test(path), 'a path without detours')

export const DesktopTheme = z.enum(['system', 'light', 'dark'])
export type DesktopTheme = z.infer<typeof DesktopTheme>

/** What a person chose for the desktop alone; the rest is the panel's own. */
export const DesktopPreferences = z.strictObject({
  /** Tell when a job ends, fails or stalls, when a node dies, when an operation ends. */
  notifyJobs: z.boolean().default(true),
  notifyNodes: z.boolean().default(true),
  notifyOperations: z.boolean().default(true),
  /** A job that runs for so long without a sign of life has stalled. @default 10 min */
  stalledAfterMs: z.int().min(60_000).max(86_400_000).default(600_000),
  /** Closing the last window leaves it running behind its icon in the tray. */
  staysInTray: z.boolean().default(false),
})
export type DesktopPreferences = z.infer<typeof DesktopPreferences>

/** Whether the vault opens by itself at the start, and why that cannot be had here. */
export type VaultMemory = { readonly canRemember: boolean; readonly why: string | null; readonly isRemembered: boolean }

/** What the page may ask of the desktop. The main process parses each input before it uses any of it. */
export const desktopAsks = {
  /** In the browser, after the person said yes; false: they said no. */
  openExternal: z.strictObject({ url: z.url({ protocol: /^https$/ }).max(2_048) }),
  /** The folder that a person chose; null: none. */
  pickFolder: z.strictObject({}),
  /** So that menus and frames look and read as the page does. */
  setAppearance: z.strictObject({ theme: DesktopTheme, language: z.enum(['en', 'ja']) }),
  preferences: z.strictObject({}),
  changePreferences: z.strictObject({
    notifyJobs: z.boolean().optional(),
    notifyNodes: z.boolean().optional(),
    notifyOperations: z.boolean().optional(),
    stalledAfterMs: DesktopPreferences.shape.stalledAfterMs.unwrap().optional(),
    staysInTray: z.boolean().optional(),
  }),
  vaultMemory: z.strictObject({}),
  /** Opens the vault with it, and keeps it in the keychain of this computer. @throws when it is the wrong one */
  rememberVault: z.strictObject({ passphrase: z.string().min(1).max(1_024) }),
  forgetVault: z.strictObject({}),
  newWindow: z.strictObject({ path: PagePath }),
  /** Ends the app and starts the version that was downloaded. */
  restartToUpdate: z.strictObject({}),
} as const
export type DesktopAsk = keyof typeof desktopAsks
export type AskInput<Ask extends DesktopAsk> = z.input<(typeof desktopAsks)[Ask]>
export type AskOutput = {
  openExternal: boolean
  pickFolder: string | null
  setAppearance: null
  preferences: DesktopPreferences
  changePreferences: DesktopPreferences
  vaultMemory: VaultMemory
  rememberVault: VaultMemory
  forgetVault: VaultMemory
  newWindow: null
  restartToUpdate: null
}

/** What menus, the tray, links and notices tell the page to do. */
export type DesktopCommand =
  | { readonly go: string }
  | { readonly open: 'palette' | 'shortcuts' }
  | { readonly theme: DesktopTheme }
  /** A new version is there, and `restartToUpdate` starts it. */
  | { readonly update: { readonly version: string } }

/**
 * `window.shoalDesktop`, there in the desktop's window only. The page has no network: messages of the panel's wire come and go as text, and
 * the main process holds the connection with its token. Each `on…` returns what ends it.
 */
export type DesktopBridge = {
  readonly wire: {
    /** Of at most `maxMessageBytes`; what is sent while the wire is lost is lost too. */
    send(text: string): void
    /** The first listener opens the wire, the last one that goes closes it. */
    onMessage(listener: (text: string) => void): () => void
    onState(listener: (state: 'open' | 'lost') => void): () => void
  }
  readonly platform: 'linux' | 'darwin' | 'win32'
  readonly versions: { readonly app: string; readonly electron: string; readonly chromium: string; readonly node: string }
  /** @throws Error what the main process refused, or could not do */
  ask<Ask extends DesktopAsk>(ask: Ask, input: AskInput<Ask>): Promise<AskOutput[Ask]>
  onCommand(listener: (command: DesktopCommand) => void): () => void
}
