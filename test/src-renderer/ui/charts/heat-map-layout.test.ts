import { describe, expect, it } from 'vitest'
import { groupItems, type HeatItem, isNearlyFull } from '#src-renderer/ui/charts/heat-map-items.ts'
import {
  type Box,
  densityOf,
  hasOneFigure,
  type GroupSize,
  itemAt,
  layoutHeatMap,
  legendHeight,
  neighbourOf,
  shortName,
} from '#src-renderer/ui/charts/heat-map-layout.ts'

const alone = (count: number): GroupSize[] => [{ label: undefined, count }]
const racks = (count: number, size: number): GroupSize[] =>
  Array.from({ length: count }, (_, index) => ({ label: `rack-${index}`, count: size }))
const layoutOf = (groups: GroupSize[], width: number) =>
  layoutHeatMap(groups, width, densityOf(groups.reduce((sum, { count }) => sum + count, 0)))
const overlap = (one: Box, other: Box) =>
  one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height

describe('densityOf', () => {
  it('which figure is shown is a choice only where not all of them are', () => {
    expect([1, 10, 11, 13, 2_000].map(hasOneFigure)).toEqual([false, false, true, true, true])
  })

  it('shows less of each the more there are', () => {
    expect([1, 12, 13, 120, 121, 2_000].map((count) => densityOf(count))).toEqual(['cards', 'cards', 'tiles', 'tiles', 'cells', 'cells'])
  })

  it('does not go back and forth when nodes come and go at a limit', () => {
    expect([12, 11, 10].map((count) => densityOf(count, 'tiles'))).toEqual(['tiles', 'tiles', 'cards'])
    expect([120, 103, 102].map((count) => densityOf(count, 'cells'))).toEqual(['cells', 'cells', 'tiles'])
    expect(densityOf(12, 'cards')).toBe('cards')
  })
})

describe('layoutHeatMap', () => {
  const cases = [320, 760, 1_240, 1_880].flatMap((width) =>
    [alone(1), alone(12), alone(100), alone(2_000), racks(4, 3), racks(7, 11), racks(40, 50), [...racks(2, 300), ...alone(40)]].map(
      (groups) => [width, groups] as const,
    ),
  )

  it.each(cases)('puts every item into %i pixels, each in a place of its own', (width, groups) => {
    const { boxes, headings, height } = layoutOf(groups, width)
    expect(boxes).toHaveLength(groups.reduce((sum, { count }) => sum + count, 0))
    const places = [...boxes, ...headings.map(({ box }) => box)]
    for (const place of places) {
      expect(place.x).toBeGreaterThanOrEqual(0)
      expect(place.x + place.width).toBeLessThanOrEqual(width + 0.5)
      expect(place.y + place.height).toBeLessThanOrEqual(height)
    }
    const byRow = Map.groupBy(places, ({ y }) => Math.floor(y / 40))
    const clashes = places.filter((place) =>
      [-1, 0, 1].some((row) => byRow.get(Math.floor(place.y / 40) + row)?.some((other) => other !== place && overlap(place, other))),
    )
    expect(clashes).toEqual([])
  })

  it('takes the place of a dozen cards however many there are', () => {
    for (const width of [760, 1_240, 1_880]) {
      const { height } = layoutOf(alone(12), width)
      for (const count of [13, 40, 120, 121, 500]) expect(layoutOf(alone(count), width).height + legendHeight, `${count}`).toBe(height)
    }
  })

  it('has a heading for each group that has a name, with its count', () => {
    const { headings } = layoutOf([...racks(2, 5), ...alone(3)], 1_240)
    expect(headings.map(({ label, count }) => [label, count])).toEqual([
      ['rack-0', 5],
      ['rack-1', 5],
    ])
  })

  it('is nothing for nothing', () => {
    expect(layoutOf([], 800)).toMatchObject({ boxes: [], headings: [], height: 0 })
  })
})

describe('neighbourOf', () => {
  // 5 cards side by side at this width
  const { boxes } = layoutOf(alone(12), 1_240)

  it('goes along the rows, and from one to the next at its end', () => {
    expect(neighbourOf(boxes, 0, 'right')).toBe(1)
    expect(neighbourOf(boxes, 4, 'right')).toBe(5)
    expect(neighbourOf(boxes, 5, 'left')).toBe(4)
  })

  it('goes straight up and down', () => {
    expect(neighbourOf(boxes, 1, 'down')).toBe(6)
    expect(neighbourOf(boxes, 6, 'up')).toBe(1)
  })

  it('goes to the nearest where nothing is straight below', () => {
    expect(neighbourOf(boxes, 9, 'down')).toBe(11)
  })

  it('stays at the edges', () => {
    expect(neighbourOf(boxes, 0, 'left')).toBe(0)
    expect(neighbourOf(boxes, 0, 'up')).toBe(0)
    expect(neighbourOf(boxes, 11, 'right')).toBe(11)
    expect(neighbourOf(boxes, 11, 'down')).toBe(11)
  })

  it('goes from group to group, and reaches every item by going right', () => {
    const grouped = layoutOf(racks(7, 11), 1_240).boxes
    let [at, steps] = [0, 0]
    while (neighbourOf(grouped, at, 'right') !== at) [at, steps] = [neighbourOf(grouped, at, 'right'), steps + 1]
    expect(steps).toBe(76)
    const below = neighbourOf(grouped, 8, 'down')
    expect(below).toBeGreaterThan(10)
  })
})

describe('itemAt', () => {
  it('finds what is at a place, and nothing between', () => {
    const { boxes } = layoutOf(alone(12), 1_240)
    const box = boxes[7]
    expect(box && itemAt(boxes, box.x + 1, box.y + 1)).toBe(7)
    expect(box && itemAt(boxes, box.x - 1, box.y + 1)).toBe(-1)
  })
})

describe('shortName', () => {
  it('leaves out the domain, and then the beginning', () => {
    expect(shortName('gpu-17.example.org', 20)).toBe('gpu-17')
    expect(shortName('gpu-worker-0017.example.org', 8)).toBe('…er-0017')
  })

  it('keeps the end of an address', () => {
    expect(shortName('10.20.30.40', 20)).toBe('10.20.30.40')
    expect(shortName('10.20.30.40', 6)).toBe('…30.40')
  })
})

describe('groupItems', () => {
  const item = (id: string, group?: string): HeatItem => ({
    id,
    name: id,
    state: 'alive',
    values: {},
    ...(group !== undefined && { group }),
  })

  it('brings the items of a group together, groups in the order of their numbers and the rest last', () => {
    const { items, groups } = groupItems([item('a'), item('b', 'rack-10'), item('c', 'rack-9'), item('d', 'rack-10')])
    expect(items.map(({ id }) => id)).toEqual(['c', 'b', 'd', 'a'])
    expect(groups).toEqual([
      { label: 'rack-9', count: 1 },
      { label: 'rack-10', count: 2 },
      { label: undefined, count: 1 },
    ])
  })
})

describe('isNearlyFull', () => {
  it('is about memory and the object store, not about a busy processor', () => {
    const withValues = (values: HeatItem['values']): HeatItem => ({ id: 'a', name: 'a', state: 'alive', values })
    expect(isNearlyFull(withValues({ cpu: 1, gpu: 1, disk: 1, memory: 0.95 }))).toBe(false)
    expect(isNearlyFull(withValues({ memory: 0.96 }))).toBe(true)
    expect(isNearlyFull(withValues({ objectStore: 0.96, memory: null }))).toBe(true)
  })
})
