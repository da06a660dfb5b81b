import '../../../../src-renderer/styles.css'
import { createRoot } from 'react-dom/client'
import { applyAppearance } from '../../../../src-renderer/util/theme.ts'
import { runFigures } from './figures.mjs'
import { runLog } from './log.mjs'
import { runTable } from './table.mjs'
import { runTimeline } from './timeline.mjs'

// One part of the design kit with made data, named by `?part=`. Who drives the page calls `shoalBench.run()` and reads the figures.
const parts = { table: runTable, log: runLog, timeline: runTimeline, figures: runFigures }
const part = new URLSearchParams(location.search).get('part') ?? 'table'
applyAppearance({ theme: 'light', contrast: 'normal' })
globalThis.shoalBench = { run: () => parts[part](createRoot(document.getElementById('root'))) }
