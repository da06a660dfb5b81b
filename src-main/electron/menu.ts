import type { MenuItemConstructorOptions } from 'electron'
import type { DesktopCommand, DesktopTheme } from '../contract/desktop-bridge.ts'
import type { Words } from './words.ts'

export type MenuActions = {
  /** To the window that the menu belongs to, or a new one. */
  readonly command: (command: DesktopCommand) => void
  /** To a page of the cluster that is looked at; `''` is its front page. */
  readonly goInCluster: (page: string) => void
  readonly newWindow: () => void
  readonly reload: () => void
  readonly history: (step: -1 | 1) => void
  readonly zoom: (step: -1 | 0 | 1) => void
  readonly showLog: () => void
  readonly lookForUpdate: () => void
  readonly restartToUpdate: () => void
  readonly quit: () => void
}

export type MenuFacts = {
  readonly words: Words
  readonly isMac: boolean
  readonly theme: DesktopTheme
  readonly hasDeveloperTools: boolean
  /** Whether newer versions can be had, and the one that is downloaded and ready. */
  readonly hasUpdates: boolean
  readonly update: string | undefined
}

type Item = MenuItemConstructorOptions
const line: Item = { type: 'separator' }

/** The whole menu of the app, with the keys that people know from others. Keys that the page handles itself are shown only. */
export function menuTemplate(facts: MenuFacts, actions: MenuActions): Item[] {
  const { isMac, words } = facts
  return [
    ...(isMac ? [{ label: words.app, submenu: appItems(facts, actions) }] : []),
    { label: words.file, submenu: fileItems(facts, actions) },
    { label: words.edit, submenu: editItems(words) },
    { label: words.view, submenu: viewItems(facts, actions) },
    { label: words.go, submenu: goItems(facts, actions) },
    { label: words.window, role: 'window', submenu: windowItems(facts) },
    { label: words.help, role: 'help', submenu: helpItems(facts, actions) },
  ]
}

function appItems(facts: MenuFacts, actions: MenuActions): Item[] {
  const { words } = facts
  const { command, quit } = actions
  return [
    { label: words.about, role: 'about' },
    ...updateItems(facts, actions),
    line,
    { label: words.settings, accelerator: 'Command+,', click: () => command({ go: '/settings' }) },
    line,
    { label: words.services, role: 'services' },
    line,
    { label: words.hide, role: 'hide' },
    { label: words.hideOthers, role: 'hideOthers' },
    { label: words.showAll, role: 'unhide' },
    line,
    { label: words.quit, accelerator: 'Command+Q', click: quit },
  ]
}

function updateItems({ words, hasUpdates, update }: MenuFacts, { lookForUpdate, restartToUpdate }: MenuActions): Item[] {
  if (update !== undefined) return [{ label: words.restartToUpdate(update), click: restartToUpdate }]
  return hasUpdates ? [{ label: words.lookForUpdate, click: lookForUpdate }] : []
}

function fileItems({ words, isMac }: MenuFacts, { command, goInCluster, newWindow, quit }: MenuActions): Item[] {
  return [
    { label: words.newWindow, accelerator: 'CommandOrControl+N', click: newWindow },
    { label: words.newCluster, accelerator: 'CommandOrControl+Shift+N', click: () => command({ go: '/clusters/new' }) },
    { label: words.submitJob, accelerator: 'CommandOrControl+Shift+J', click: () => goInCluster('submit') },
    { label: words.addMachines, click: () => command({ go: '/machines?add=paste' }) },
    line,
    ...(isMac ? [] : [{ label: words.settings, accelerator: 'Control+,', click: () => command({ go: '/settings' }) }, line]),
    { label: words.closeWindow, role: 'close' },
    ...(isMac ? [] : [{ label: words.quit, accelerator: 'Control+Q', click: quit }]),
  ]
}

function editItems(words: Words): Item[] {
  return [
    { label: words.undo, role: 'undo' },
    { label: words.redo, role: 'redo' },
    line,
    { label: words.cut, role: 'cut' },
    { label: words.copy, role: 'copy' },
    { label: words.paste, role: 'paste' },
    { label: words.pastePlain, role: 'pasteAndMatchStyle' },
    { label: words.selectAll, role: 'selectAll' },
  ]
}

function viewItems({ words, theme, hasDeveloperTools }: MenuFacts, { command, reload, zoom }: MenuActions): Item[] {
  const appearance = (['system', 'light', 'dark'] as const).map(
    (each): Item => ({ label: words[each], type: 'radio', checked: theme === each, click: () => command({ theme: each }) }),
  )
  return [
    { label: words.palette, accelerator: 'CommandOrControl+K', registerAccelerator: false, click: () => command({ open: 'palette' }) },
    line,
    { label: words.reload, accelerator: 'CommandOrControl+R', click: reload },
    line,
    { label: words.zoomIn, accelerator: 'CommandOrControl+=', click: () => zoom(1) },
    { label: words.zoomIn, accelerator: 'CommandOrControl+Plus', visible: false, acceleratorWorksWhenHidden: true, click: () => zoom(1) },
    { label: words.zoomOut, accelerator: 'CommandOrControl+-', click: () => zoom(-1) },
    { label: words.zoomReset, accelerator: 'CommandOrControl+0', click: () => zoom(0) },
    line,
    { label: words.appearance, submenu: appearance },
    { label: words.fullScreen, role: 'togglefullscreen' },
    ...(hasDeveloperTools ? [line, { label: words.developer, role: 'toggleDevTools' } as const] : []),
  ]
}

/** The sections that the keys 1 to 9 lead to. */
const sections = ['overview', 'nodes', 'jobs', 'tasks', 'actors', 'logs', 'timeline', 'events'] as const

function goItems({ words, isMac }: MenuFacts, { command, goInCluster, history }: MenuActions): Item[] {
  return [
    { label: words.back, accelerator: isMac ? 'Command+[' : 'Alt+Left', click: () => history(-1) },
    { label: words.forward, accelerator: isMac ? 'Command+]' : 'Alt+Right', click: () => history(1) },
    line,
    { label: words.clusters, accelerator: 'CommandOrControl+1', click: () => command({ go: '/' }) },
    ...sections.map(
      (page, index): Item => ({
        label: words[page],
        accelerator: `CommandOrControl+${index + 2}`,
        click: () => goInCluster(page),
      }),
    ),
    line,
    { label: words.machines, click: () => command({ go: '/machines' }) },
    { label: words.operations, click: () => command({ go: '/operations' }) },
    { label: words.terminals, accelerator: 'Control+`', click: () => command({ go: '/terminals' }) },
  ]
}

function windowItems({ words, isMac }: MenuFacts): Item[] {
  return [
    { label: words.minimise, role: 'minimize' },
    ...(isMac ? [{ label: words.zoomWindow, role: 'zoom' } as const, line, { label: words.toFront, role: 'front' } as const] : []),
  ]
}

function helpItems(facts: MenuFacts, actions: MenuActions): Item[] {
  const { words, isMac } = facts
  return [
    { label: words.shortcuts, click: () => actions.command({ open: 'shortcuts' }) },
    { label: words.openLog, click: actions.showLog },
    ...(isMac ? [] : [line, ...updateItems(facts, actions), { label: words.about, role: 'about' } as const]),
  ]
}
