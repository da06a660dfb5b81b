import { app, dialog } from 'electron'
import { toError } from '../../runtime/base/errors.ts'
import { findLink, linkScheme, parseLink } from './deep-links.ts'
import { Desktop } from './desktop.ts'
import { DesktopFiles } from './desktop-files.ts'
import { claimPageScheme } from './page-scheme.ts'
import { claimPlaces, type Places } from './places.ts'

// Chromium has no sandbox as root, and is told so with this switch; Electron would end again and again.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
app.setName('Shoal')
app.setAppUserModelId('dev.shoal.desktop') // Windows shows notices of an app that has one; it is the one of electron-builder.yml
claimPageScheme()
const places = claimPlaces()
if (app.requestSingleInstanceLock()) run(places)
else app.exit(0) // the first one was told, and shows itself

function run(own: Places): void {
  let desktop: Desktop | undefined
  /** Of a link that came before the app was ready. */
  let link = findLink(process.argv.slice(1))
  const show = (path: string | undefined) => {
    if (desktop) desktop.show(path)
    else link = path ?? link
  }
  if (app.isPackaged) app.setAsDefaultProtocolClient(linkScheme)
  app.on('second-instance', (_event, words) => show(findLink(words.slice(1))))
  app.on('open-url', (event, url) => {
    event.preventDefault()
    show(parseLink(url))
  })
  app.on('activate', () => show(undefined))
  app.on('window-all-closed', () => desktop?.lastWindowClosed())
  app.on('before-quit', (event) => {
    if (desktop?.beginQuit() === false) event.preventDefault()
  })
  endInOrder(() => desktop)
  app
    .whenReady()
    .then(async () => {
      // A system that shuts down, or somebody at a terminal, is not asked anything.
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => desktop?.quitNow())
      desktop = new Desktop(own, await DesktopFiles.open(own.data))
      desktop.start(link)
    })
    .catch((error: unknown) => {
      dialog.showErrorBox('Shoal', toError(error).message)
      app.exit(1)
    })
}

/** Quits when the host has ended, not before. */
function endInOrder(desktop: () => Desktop | undefined): void {
  let isOver = false
  app.on('will-quit', (event) => {
    const running = desktop()
    if (isOver || !running) return
    event.preventDefault()
    void running.end().finally(() => {
      isOver = true
      app.quit()
    })
  })
}
