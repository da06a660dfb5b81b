import { describe, expect, test } from 'vitest'
import { pressKey } from '#src-renderer/ui/timeline/keyboard.ts'
import { TimelineController, type TimelineInput } from '#src-renderer/ui/timeline/timeline-controller.ts'
import { type TimelineBar, TimelineStore } from '#src-renderer/ui/timeline/timeline-store.ts'
import { pxOf, spanOf } from '#src-renderer/ui/timeline/view-window.ts'
import { bar } from './random-bars.ts'

/** A timeline of 1,000 by 200 pixels, and what it told its page. */
function open(bars: readonly TimelineBar[], more: Partial<TimelineInput> = {}) {
  const store = new TimelineStore({ schedule: () => undefined })
  const told = { selected: [] as (string | null)[], opened: [] as string[], spans: [] as unknown[], scrolled: [] as number[] }
  const clock = { nowMs: 100_000 }
  const input: TimelineInput = {
    ...{ grouping: 'worker', colourBy: 'function', isLive: false, selected: null, litTasks: undefined, nowMs: () => clock.nowMs },
    onSelect: (each) => told.selected.push(each?.taskId ?? null),
    onOpen: (each) => told.opened.push(each.taskId),
    onSpan: (span) => told.spans.push(span),
    ...more,
  }
  const controller = new TimelineController(store)
  controller.onScrollWish = (top) => told.scrolled.push(top)
  controller.update(input)
  controller.setSize(1_000, 200)
  const add = (added: readonly TimelineBar[]) => {
    store.upsert(added)
    store.flush()
    controller.advance()
  }
  add(bars)
  const press = (key: string, shiftKey = false) => {
    const isTaken = pressKey(controller, { key, shiftKey, ctrlKey: false, metaKey: false, altKey: false })
    controller.advance()
    return isTaken
  }
  /** The middle of a bar, as a pointer has it. */
  const pointOf = (taskId: string) => {
    const number = store.find(taskId, 0)
    const { startMs, endMs } = store.bar(number)
    const line = controller.stack.lineOf(store.layout?.keyOf(number) ?? -1)
    return { x: pxOf(controller.view, (startMs + (endMs ?? clock.nowMs)) / 2), y: (line?.top ?? 0) + 10 - controller.scrollTop }
  }
  return { store, controller, told, clock, input, add, press, pointOf }
}

const focusedTask = ({ store, controller }: ReturnType<typeof open>) =>
  controller.focusedBar < 0 ? null : store.bar(controller.focusedBar).taskId

const three = [
  bar({ taskId: 'a', startMs: 10_000, endMs: 20_000 }),
  bar({ taskId: 'b', startMs: 30_000, endMs: 40_000 }),
  bar({ taskId: 'c', startMs: 15_000, endMs: 90_000, workerId: 'worker-2' }),
]

describe('the window', () => {
  test('shows everything, and goes on doing so while pages of it come', () => {
    const { controller, add } = open(three)
    expect(pxOf(controller.view, 10_000)).toBeGreaterThan(0)
    expect(pxOf(controller.view, 90_000)).toBeLessThan(1_000)
    add([bar({ taskId: 'd', startMs: 1_000, endMs: 200_000 })])
    expect(controller.mode).toBe('whole')
    expect(pxOf(controller.view, 1_000)).toBeGreaterThan(0)
    expect(pxOf(controller.view, 200_000)).toBeLessThan(1_000)
  })

  test('says since when nothing runs while the window that follows is empty, and goes back there', () => {
    const { controller, clock, add } = open(three, { isLive: true })
    expect(controller.quietSinceMs).toBeUndefined() // the last bar can still be seen
    clock.nowMs += 600_000
    controller.advance()
    expect(controller.quietSinceMs).toBe(90_000)
    controller.showLast()
    expect([controller.mode, controller.quietSinceMs]).toEqual(['free', undefined])
    expect(pxOf(controller.view, 90_000)).toBeGreaterThan(0)
    expect(pxOf(controller.view, 90_000)).toBeLessThan(1_000)
    controller.follow()
    controller.advance()
    expect(controller.quietSinceMs).toBe(90_000)
    add([bar({ taskId: 'e', startMs: 80_000, endMs: null, state: 'running' })])
    expect(controller.quietSinceMs).toBeUndefined()
  })

  test('follows now when it is live, until the user moves it, and comes back when asked', () => {
    const { controller, clock, add, press } = open(three, { isLive: true })
    expect(controller.mode).toBe('follow')
    const { msPerPx } = controller.view
    clock.nowMs += 5_000
    controller.advance()
    expect(pxOf(controller.view, clock.nowMs)).toBeCloseTo(940, 6)
    controller.panBy(-50)
    const { view } = controller
    clock.nowMs += 5_000
    add([bar({ taskId: 'd', startMs: clock.nowMs - 10, endMs: null, state: 'running' })])
    expect(controller.mode).toBe('free')
    expect(controller.view).toEqual(view)
    press('f')
    expect(pxOf(controller.view, clock.nowMs)).toBeCloseTo(940, 6)
    expect(controller.view.msPerPx).toBe(msPerPx)
  })

  test('zooms around now while it follows', () => {
    const { controller, clock, press } = open(three, { isLive: true })
    const { msPerPx } = controller.view
    press('+')
    expect(controller.mode).toBe('follow')
    expect(controller.view.msPerPx).toBeLessThan(msPerPx)
    expect(pxOf(controller.view, clock.nowMs)).toBeCloseTo(940, 6)
  })

  test('stays where it is when what is shown is live no more', () => {
    const { controller, input } = open(three, { isLive: true })
    const { view } = controller
    controller.update({ ...input, isLive: false })
    controller.advance()
    expect(controller.mode).toBe('free')
    expect(controller.view).toEqual(view)
    controller.follow()
    expect(controller.mode).toBe('free')
  })

  test('has keys: arrows move it, plus and minus zoom, 0 shows everything', () => {
    const { controller, press } = open(three)
    const whole = controller.view
    press('+')
    const near = controller.view
    expect(near.msPerPx).toBeLessThan(whole.msPerPx)
    press('ArrowRight')
    expect(controller.view.fromMs).toBeCloseTo(near.fromMs + 125 * near.msPerPx, 6)
    press('ArrowLeft')
    expect(controller.view.fromMs).toBeCloseTo(near.fromMs, 6)
    press('-')
    expect(controller.view.msPerPx).toBeCloseTo(whole.msPerPx, 6)
    press('+')
    press('0')
    expect(controller.view).toEqual(whole)
    expect(press('x')).toBe(false)
  })
})

describe('the pointer', () => {
  test('tells what it is over: a bar, idle time between two, and how busy a node is', () => {
    const { controller, pointOf } = open(three)
    controller.pointAt(pointOf('a'))
    expect(controller.pointed?.hit).toMatchObject({ kind: 'bar', others: 0 })
    controller.pointAt({ ...pointOf('a'), x: pxOf(controller.view, 25_000) })
    expect(controller.pointed?.hit).toMatchObject({ kind: 'idle', span: { fromMs: 20_000, toMs: 30_000 } })
    controller.pointAt({ x: pxOf(controller.view, 17_000), y: 12 })
    expect(controller.pointed?.hit).toMatchObject({ kind: 'group', running: 2, busy: 1 })
    controller.pointAt({ x: 500, y: -19 })
    expect(controller.pointed).toBeUndefined()
  })

  test('selects with a click, and nothing with a click on nothing', () => {
    const { controller, told, pointOf } = open(three)
    const at = pointOf('b')
    controller.click(at.x, at.y)
    controller.click(999, at.y)
    expect(told.selected).toEqual(['b', null])
  })

  test('goes to a bar with a double click, and opens it with another when it is near', () => {
    const { controller, told, pointOf } = open(three)
    const far = pointOf('a')
    controller.doubleClick(far.x, far.y)
    expect(told.opened).toEqual([])
    const { fromMs, toMs } = spanOf(controller.view, 1_000)
    expect([fromMs, toMs].map(Math.round)).toEqual([9_800, 20_200])
    const near = pointOf('a')
    controller.doubleClick(near.x, near.y)
    expect(told.opened).toEqual(['a'])
  })

  test('chooses a span, of which the page hears at the end', () => {
    const { controller, told, press } = open(three)
    controller.setSpan({ fromMs: 1, toMs: 2 }, false)
    controller.setSpan({ fromMs: 1, toMs: 3 }, true)
    expect(told.spans).toEqual([{ fromMs: 1, toMs: 3 }])
    press('Escape')
    expect(told.spans).toEqual([{ fromMs: 1, toMs: 3 }, null])
    expect(controller.span).toBeUndefined()
  })
})

describe('the focus', () => {
  test('goes from bar to bar in a lane, from lane to lane, and opens', () => {
    const timeline = open(three)
    const { press, told } = timeline
    press('ArrowDown')
    expect(focusedTask(timeline)).toBe('b')
    press('ArrowLeft')
    expect(focusedTask(timeline)).toBe('a')
    press('ArrowLeft')
    expect(focusedTask(timeline)).toBe('a')
    press('End')
    expect(focusedTask(timeline)).toBe('b')
    press('ArrowDown')
    expect(focusedTask(timeline)).toBe('c')
    press('ArrowUp')
    expect(focusedTask(timeline)).toBe('a')
    press(' ')
    press('Enter')
    expect([told.selected, told.opened]).toEqual([['a'], ['a']])
    press('Escape')
    expect(focusedTask(timeline)).toBe(null)
  })

  test('visits every bar of a lane once, in the order of time, also where they overlap', () => {
    const bars = Array.from({ length: 60 }, (_, number) =>
      bar({ taskId: `task ${number}`, startMs: 1_000 + 10 * ((number * 7) % 50), endMs: 1_090 + 10 * number }),
    )
    const timeline = open(bars, { grouping: 'node' })
    timeline.press('ArrowDown')
    timeline.press('Home')
    const seen: (string | null)[] = []
    do seen.push(focusedTask(timeline))
    while (timeline.press('ArrowRight') && focusedTask(timeline) !== seen.at(-1))
    expect(seen).toHaveLength(60)
    expect(new Set(seen).size).toBe(60)
    const starts = seen.map((taskId) => bars.find((each) => each.taskId === taskId)?.startMs ?? 0)
    expect(starts).toEqual([...starts].sort((one, other) => one - other))
    const back: (string | null)[] = []
    do back.push(focusedTask(timeline))
    while (timeline.press('ArrowLeft') && focusedTask(timeline) !== back.at(-1))
    expect(back).toEqual([...seen].reverse())
  })

  test('brings its bar into sight, in time and among the lanes', () => {
    const bars = Array.from({ length: 40 }, (_, number) =>
      bar({ taskId: `task ${number}`, startMs: number * 10_000, endMs: number * 10_000 + 500, workerId: `worker-${number}` }),
    )
    const timeline = open(bars)
    timeline.controller.show({ fromMs: 0, toMs: 1_000 })
    for (let step = 0; step < 30; step += 1) timeline.press('ArrowDown')
    expect(focusedTask(timeline)).toBe('task 29')
    const { controller, told } = timeline
    expect(pxOf(controller.view, 290_000)).toBeGreaterThan(0)
    expect(pxOf(controller.view, 290_000)).toBeLessThan(1_000)
    expect(told.scrolled.at(-1)).toBe(controller.scrollTop)
    expect(timeline.pointOf('task 29').y).toBeLessThan(200)
  })
})

describe('the lanes', () => {
  const named = (worker: string, node: string) => bar({ taskId: `${node} ${worker}`, workerId: worker, nodeId: node })

  test('stand in the order of their labels, numbers by their value, below their node', () => {
    const { controller, store, add } = open([named('w-10', 'n-2'), named('w-9', 'n-2'), named('w-1', 'n-10')])
    const labels = () => controller.stack.lines.map(({ label }) => label)
    expect(labels()).toEqual(['n-2', 'w-9', 'w-10', 'n-10', 'w-1'])
    store.setLabels(new Map([['n-10', 'alpha']]))
    add([named('w-2', 'n-10')])
    expect(labels()).toEqual(['alpha', 'w-1', 'w-2', 'n-2', 'w-9', 'w-10'])
    const tops = controller.stack.lines.map(({ top }) => top)
    expect(tops.map((top) => controller.stack.indexAt(top + 1))).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('of a closed node are gone, and its head stands for their bars', () => {
    const { controller, store } = open([named('w-1', 'n-1'), named('w-2', 'n-1'), named('w-3', 'n-2')])
    const node = controller.stack.lines[0]
    controller.toggleGroup(node?.key ?? -1)
    controller.advance()
    expect(controller.stack.lines.map(({ label, isCollapsed }) => [label, isCollapsed])).toEqual([
      ['n-1', true],
      ['n-2', false],
      ['w-3', false],
    ])
    expect(controller.stack.lineOf(store.layout?.keyOf(store.find('n-1 w-2', 0)) ?? -1)?.label).toBe('n-1')
    controller.setAllCollapsed(false)
    controller.advance()
    expect(controller.stack.lines).toHaveLength(5)
  })

  test('that are read stay where they are when others come above them', () => {
    const { controller, add } = open(Array.from({ length: 60 }, (_, number) => named(`w-${number + 100}`, 'n')))
    controller.scrollTop = 500
    controller.advance()
    const [before] = controller.stack.between(500, 501)
    add([named('w-1', 'n'), named('w-2', 'n')])
    const after = controller.stack.lines.find(({ label }) => label === before?.label)
    expect((after?.top ?? 0) - controller.scrollTop).toBe((before?.top ?? 0) - 500)
  })

  test('are dimmed but for the functions that are isolated', () => {
    const { controller, input } = open([bar({ taskId: 'a', name: 'load' }), bar({ taskId: 'b', name: 'train' })])
    const { shading, store } = controller
    const classes = () => ['a', 'b'].map((taskId) => shading.classOf(store.find(taskId, 0)))
    const [load, train] = classes()
    controller.isolate(['train'])
    expect(classes()).toEqual([8, train])
    controller.update({ ...input, colourBy: 'state' })
    expect(controller.isolated.size).toBe(0)
    controller.update(input)
    expect(classes()).toEqual([load, train])
  })
})
