import { app, type Session, type WebContents } from 'electron'
import { isOurPage, pathOf } from './page-scheme.ts'

/** What a page can load without reaching anybody. */
const harmless = /^(app|blob|data|devtools):/
/** What the page may use of the computer by itself: writing to the clipboard after a click. */
const allowed = ['clipboard-sanitized-write']

/** For a session that shows our page: no network and no permissions, whatever the page would do. Only what it made itself can be saved. */
export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, answer) =>
    answer(allowed.includes(permission) && isOurPage(contents.getURL())),
  )
  session.setPermissionCheckHandler(
    (_contents, permission, requestingOrigin) => allowed.includes(permission) && isOurPage(`${requestingOrigin}/`),
  )
  session.setDevicePermissionHandler(() => false)
  session.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !harmless.test(url) }))
  session.on('will-download', (event, item) => {
    if (!/^(blob|data):/.test(item.getURL())) event.preventDefault()
  })
}

type Ways = {
  /** A link to a page of ours that asks for a window of its own. */
  readonly onOwnWindow: (path: string) => void
  /** A link to the web. */
  readonly onExternal: (url: string) => void
}

/** For everything that shows a page: it stays where it is, opens nothing by itself, and holds no other page. */
export function guardContents(contents: WebContents, { onOwnWindow, onExternal }: Ways): void {
  contents.on('will-frame-navigate', (event) => {
    if (event.isMainFrame && isOurPage(event.url)) return // it is loaded again, or another page of ours is
    event.preventDefault()
    if (event.isMainFrame && isWeb(event.url)) onExternal(event.url)
  })
  contents.on('will-redirect', (event) => event.preventDefault()) // what is served here redirects nowhere
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    const path = pathOf(url)
    if (path !== undefined) onOwnWindow(path)
    else if (isWeb(url)) onExternal(url)
    return { action: 'deny' }
  })
  contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp')
}

/** Also of windows that we did not open: one that came about in a way nobody thought of can do nothing. */
export function guardAllContents(ways: Ways): void {
  app.on('web-contents-created', (_event, contents) => guardContents(contents, ways))
}

const isWeb = (url: string): boolean => /^https:\/\//i.test(url)
