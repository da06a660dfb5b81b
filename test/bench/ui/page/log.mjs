import { createElement } from 'react'
import { LogStore } from '../../../../src-renderer/ui/log-view/log-store.ts'
import { LogView } from '../../../../src-renderer/ui/log-view/log-view.tsx'
import { inWindow, painted, until, watchFrames } from './frames.mjs'

const count = 1_000_000
const atOnce = 10_000
const hitEvery = 100
const levels = ['\u001b[32mINFO\u001b[0m', '\u001b[36mDEBUG\u001b[0m', '\u001b[1;33mWARN\u001b[0m', '\u001b[1;31mERROR\u001b[0m']

/** A part of the log as it comes from a wire, coloured as programs colour theirs. */
function textFrom(first) {
  let text = ''
  for (let number = first; number < first + atOnce; number += 1) {
    const at = new Date(1_700_000_000_000 + number * 10).toISOString()
    const end =
      number % hitEvery === 0 ? `checkpoint ${number} saved` : `loss \u001b[38;5;208m${(1 / (1 + number / 1_000)).toFixed(5)}\u001b[0m`
    text += `${at} ${levels[number % 97 === 0 ? 3 : number % 3]} step ${number} worker-${number % 64}: ${end}\n`
  }
  return text
}

const nothing = { text: '', isRegex: false, isCaseSensitive: false }

/** Without a search, the view as it is first; each search opens another. */
function show(root, store, text) {
  const state = { search: { ...nothing, text, isRegex: text !== '' } }
  const view = createElement(LogView, { key: text, store, label: 'Log', isLive: false, emptyText: 'Nothing', state, onStateChange() {} })
  root.render(inWindow(createElement('div', { className: 'min-h-0 flex-1' }, view)))
}

/** Takes in 1,000,000 lines in parts, scrolls over 90 % of them in 4 s, and looks for a regular expression in all of them. */
export async function runLog(root) {
  const store = new LogStore()
  show(root, store, '')
  await painted()
  let makingMs = 0
  const begunMs = performance.now()
  for (let first = 0; first < count; first += atOnce) {
    const beforeMs = performance.now()
    const text = textFrom(first)
    makingMs += performance.now() - beforeMs
    store.appendText('worker.out', text)
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  store.setPhase('ended')
  await painted()
  const loadMs = performance.now() - begunMs - makingMs
  const scroller = document.querySelector('[role="log"]')
  const farthest = (scroller.scrollHeight - scroller.clientHeight) * 0.9
  const scroll = await watchFrames(4_000, (part) => scroller.scrollTo({ top: farthest * part }))
  const askedMs = performance.now()
  show(root, store, String.raw`check\w+ \d+ saved$`)
  const all = (count / hitEvery).toLocaleString('en')
  await until(() => [...document.querySelectorAll('search [role="status"]')].some(({ textContent }) => textContent.includes(all)))
  return { loadMs, scroll, searchMs: performance.now() - askedMs }
}
