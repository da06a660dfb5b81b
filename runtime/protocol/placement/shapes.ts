import { type Amounts, amountsFrom } from '../../base/fixed-point.ts'
import type { LabelSelector, Labels, Shape, Strategy } from '../scheduling.ts'

/** A node as placement sees it. Amounts are fixed-point units; the record may be live, placement only reads it. */
export type PlacementNode = {
  readonly nodeId: string
  /** For people: its name, or its host's. */
  readonly nodeName: string
  readonly labels: Readonly<Labels>
  readonly total: Readonly<Amounts>
  readonly available: Readonly<Amounts>
  /** Alive and not draining. Others are passed over. */
  readonly isOpen: boolean
}

/** A `Shape` with its amounts in units. Make it once per shape and keep it. */
export type PlacementShape = {
  readonly wanted: Readonly<Amounts>
  readonly labels: LabelSelector
  readonly fallbackLabels: readonly LabelSelector[]
  readonly strategy: Strategy
}

export const toPlacementShape = (shape: Shape): PlacementShape => ({
  wanted: amountsFrom(shape.resources),
  labels: shape.labels,
  fallbackLabels: shape.fallbackLabels,
  strategy: shape.strategy,
})

/** The same text for shapes that ask for the same, whatever the order of their resource names. Equal shapes share a queue. */
export function shapeKey(shape: Shape): string {
  const names = Object.keys(shape.resources).sort()
  let key = ''
  for (const name of names) key += `${JSON.stringify(name)}:${shape.resources[name]},`
  if (shape.labels.length > 0 || shape.fallbackLabels.length > 0) key += JSON.stringify([shape.labels, shape.fallbackLabels])
  const { strategy } = shape
  switch (strategy.kind) {
    case 'default':
      return key
    case 'spread':
      return `${key}|spread`
    case 'node':
      return `${key}|node ${strategy.nodeId} ${strategy.soft}`
    case 'group':
      return `${key}|group ${strategy.groupId} ${strategy.bundleIndex} ${strategy.captureChildren}`
  }
}
