import type { AssetFile } from './assets.ts'

const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Shoal</title>
<link rel="icon" href="data:,">
<h1>Shoal</h1>
<p role="status" id="state">Connecting to the panel…</p>
<script src="/start.js"></script>
`

/** Takes the token out of the address, so that it is in no history, and gives it for a session: a cookie that no script can read, and a key that no other page can. */
const script = `const state = document.getElementById('state')
const token = new URLSearchParams(location.hash.slice(1)).get('token')
history.replaceState(null, '', location.pathname)
const needAnswer = (answer) => {
  if (!answer.ok) throw new Error('Not signed in. Open the link that the panel printed.')
  return answer.json()
}
const opened = token
  ? fetch('/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) })
      .then(needAnswer)
      .then(({ pageKey }) => localStorage.setItem('shoal-page-key', pageKey))
  : Promise.resolve()
const keyOf = () => localStorage.getItem('shoal-page-key') ?? ''
opened.then(() => fetch('/session', { headers: { 'x-shoal-page-key': keyOf() } })).then(needAnswer).then(() => {
  const socket = new WebSocket('ws://' + location.host + '/ws', ['shoal', 'shoal-page-key.' + keyOf()])
  socket.onmessage = ({ data }) => { if (JSON.parse(data).hello) state.textContent = 'Connected. The panel runs; use the command line.' }
  socket.onclose = () => { state.textContent = 'The connection to the panel is lost. Load this page again.' }
}).catch((error) => { state.textContent = error.message })
`

/** Served where no folder with a built panel is given. */
export const placeholderAssets: ReadonlyMap<string, AssetFile> = new Map([
  ['/index.html', { contentType: 'text/html; charset=utf-8', content: html }],
  ['/start.js', { contentType: 'text/javascript; charset=utf-8', content: script }],
])
