import { createElement } from 'react'
import { HeatMap } from '../../../../src-renderer/ui/charts/heat-map.tsx'
import { LineChart } from '../../../../src-renderer/ui/charts/line-chart.tsx'
import { inWindow, painted } from './frames.mjs'

const nodes = 1_000
const lines = 50
const points = 300

/** From 0 to 1, another for each thing and each second. */
const wave = (thing, second) => 0.5 + 0.5 * Math.sin(thing * 1.7 + second / (7 + (thing % 13)))

const itemAt = (second) => (_, node) => ({
  id: `node-${node}`,
  name: `node-${node}`,
  group: `rack ${Math.floor(node / 100)}`,
  state: node % 333 === 0 ? 'draining' : 'alive',
  values: { cpu: wave(node, second), memory: wave(node + 3, second), disk: 0.4 },
})
const seriesAt = (second) => (_, line) => ({
  label: `node-${line}`,
  points: Array.from({ length: points }, (__, at) => [(second - points + at) * 1_000, 100 * wave(line, second - points + at)]),
})

function Figures({ second }) {
  const items = Array.from({ length: nodes }, itemAt(second))
  const series = Array.from({ length: lines }, seriesAt(second))
  const times = { fromMs: (second - points) * 1_000, toMs: second * 1_000, stepMs: 1_000 }
  return createElement(
    'div',
    { className: 'flex flex-col gap-4 overflow-auto' },
    createElement(HeatMap, { label: 'Nodes', items, metric: 'cpu', onOpen() {} }),
    createElement(LineChart, { title: 'CPU', unit: 'percent', series, isLive: true, ...times }),
  )
}

/** Draws 1,000 nodes and 50 lines, and from then on draws other figures of them once a second. */
export async function runFigures(root) {
  let second = 1_700_000_000
  const draw = () => root.render(inWindow(createElement(Figures, { second })))
  const begunMs = performance.now()
  draw()
  await painted()
  const loadMs = performance.now() - begunMs
  setInterval(() => {
    second += 1
    draw()
  }, 1_000)
  return { loadMs }
}
