import { app, type BrowserWindow, clipboard, dialog, shell } from 'electron'
import { homedir } from 'node:os'
import type { HostEnd } from './core/restart-policy.ts'
import type { BrokenPage } from './windows.ts'
import type { Words } from './words.ts'

/** Asks until the answer is another than to copy the details. */
export async function askAboutHost(end: HostEnd, words: Words): Promise<'restart' | 'quit'> {
  for (;;) {
    const { response } = await dialog.showMessageBox({
      type: 'error',
      title: words.app,
      message: words.hostFailed,
      detail: `${withoutHome(end.what)}\n\n${words.hostFailedText}`,
      buttons: [words.restart, words.copyDetails, words.quit],
      defaultId: 0,
      cancelId: 2,
      noLink: true,
    })
    if (response !== 1) return response === 0 ? 'restart' : 'quit'
    await clipboard.writeText(detailsOf(end))
  }
}

/** For a report: what ended, where, on what. The name of the user's folder is left out. */
function detailsOf({ what, code, log, atMs }: HostEnd): string {
  const { electron, chrome } = process.versions
  const facts = [
    `Shoal ${app.getVersion()}`,
    `Electron ${electron}, Chromium ${chrome}`,
    `${process.platform} ${process.arch}`,
    new Date(atMs).toISOString(),
  ]
  return withoutHome(`${facts.join('\n')}\n\n${code === undefined ? '' : `${code}: `}${what}\n\n${log}\n`)
}

const withoutHome = (text: string): string => text.replaceAll(homedir(), '~')

export async function askAboutPage(browser: BrowserWindow, what: BrokenPage, words: Words): Promise<'reload' | 'close' | 'wait'> {
  const isGone = what.kind === 'gone'
  const { response } = await dialog.showMessageBox(browser, {
    type: isGone ? 'error' : 'warning',
    title: words.app,
    message: isGone ? words.pageGone : words.pageHangs,
    detail: isGone ? words.pageGoneText(what.reason) : words.pageHangsText,
    buttons: isGone ? [words.reload, words.closeWindow] : [words.wait, words.reload],
    defaultId: 0,
    cancelId: isGone ? 1 : 0,
    noLink: true,
  })
  if (isGone) return response === 0 ? 'reload' : 'close'
  return response === 1 ? 'reload' : 'wait'
}

export async function mayQuit(titles: readonly string[], words: Words): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'question',
    title: words.app,
    message: words.quitWhileRunning(titles.length),
    detail: `${titles.slice(0, 5).join('\n')}\n\n${words.quitWhileRunningText}`,
    buttons: [words.stay, words.quitAnyway],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  })
  return response === 1
}

export async function say(message: string, words: Words): Promise<void> {
  await dialog.showMessageBox({ type: 'info', title: words.app, message, noLink: true })
}

/** Links of pages lead to the web only after a person saw where. */
export async function openInBrowser(url: string, words: Words, parent?: BrowserWindow): Promise<boolean> {
  const options = {
    type: 'question' as const,
    title: words.app,
    message: words.openExternal,
    detail: url,
    buttons: [words.open, words.cancel],
    defaultId: 0,
    cancelId: 1,
    noLink: true,
  }
  const { response } = await (parent === undefined ? dialog.showMessageBox(options) : dialog.showMessageBox(parent, options))
  if (response !== 0) return false
  await shell.openExternal(url)
  return true
}

export async function pickFolder(browser: BrowserWindow, words: Words): Promise<string | null> {
  const { canceled, filePaths } = await dialog.showOpenDialog(browser, {
    title: words.chooseFolder,
    properties: ['openDirectory', 'createDirectory'],
  })
  return canceled ? null : (filePaths[0] ?? null)
}
