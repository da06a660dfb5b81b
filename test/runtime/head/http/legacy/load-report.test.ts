import { expect, test } from 'vitest'
import { loadReport } from '#runtime/head/http/legacy/load-report.ts'
import { statusText } from '#runtime/head/http/legacy/status-text.ts'
import { someParts } from '../in-process.ts'
import { factsOf, groupIdOf, nodeIdOf, shapeOf, workerIdOf } from '../../core/builders.ts'
import { createHeadState, type HeadState } from '#runtime/head/core/state.ts'
import { defaultHeadConfig } from '#runtime/head/core/config.ts'
import { step } from '#runtime/head/core/step.ts'

/** Two nodes of 4 CPUs, one of them with 1.5 in use and work that waits. */
function aBusyCluster(): HeadState {
  const state = createHeadState(defaultHeadConfig)
  for (const number of [1, 2]) {
    const facts = {
      ...factsOf(nodeIdOf(number)),
      agentAddress: `10.0.0.${number}:5000`,
      isHead: number === 1,
      resources: { CPU: 4, memory: 2 ** 31 },
    }
    const register = {
      type: 'node.register' as const,
      facts,
      available: facts.resources,
      actors: [],
      actorsEnded: [],
      bundles: [],
      clients: [],
    }
    step(state, { type: 'agent.registered', linkId: number, requestKey: number, register: { ...register, ...extras() }, nowMs: 1_000 })
  }
  const report = {
    type: 'node.reported' as const,
    nodeId: nodeIdOf(2),
    sequence: 1,
    available: { CPU: 2.5, memory: 2 ** 31 },
    demand: [
      { shape: shapeOf({ CPU: 1 }), count: 3, infeasible: false },
      { shape: shapeOf({ GPU: 1 }), count: 2, infeasible: true },
    ],
    storeUsedBytes: 0,
    workers: 1,
  }
  step(state, { type: 'agent.message', linkId: 2, nodeId: nodeIdOf(2), message: report, nowMs: 1_100 })
  const spec = {
    ...{
      groupId: groupIdOf(1),
      jobId: '00000001',
      creatorId: workerIdOf(1),
      name: null,
      strategy: 'STRICT_SPREAD' as const,
      detached: false,
    },
    bundles: [
      { resources: { CPU: 9 }, labels: [] },
      { resources: { CPU: 9 }, labels: [] },
    ],
  }
  step(state, {
    type: 'client.request',
    from: { nodeId: nodeIdOf(1) },
    requestKey: 9,
    request: { type: 'group.create', spec },
    nowMs: 1_200,
  })
  step(state, { type: 'tick', nowMs: 1_300 })
  return state
}

/** Whatever else a registration must say. */
const extras = () => ({})

test('usage, demand and groups stand in the report as ray status wants them', () => {
  const { load_metrics_report: load, autoscaler_report: nodes } = loadReport(aBusyCluster(), 5_000)
  expect(load.usage).toEqual({ CPU: [1.5, 8], memory: [0, 2 ** 32] })
  expect(load.usage_by_node[nodeIdOf(2)]).toMatchObject({ CPU: [1.5, 4] })
  expect(load.resource_demand).toEqual([
    [{ CPU: 1 }, 3],
    [{ GPU: 1 }, 2],
  ])
  expect(load.pg_demand).toEqual([[{ strategy: 'STRICT_SPREAD', bundles: [[{ CPU: 9 }, 2]] }, 1]])
  expect(load.node_types).toEqual([[{ CPU: 4, memory: 2 ** 31 }, 2]])
  expect(load.head_ip).toBe('10.0.0.1')
  expect(nodes.active_nodes).toEqual({ [`node_${nodeIdOf(1)}`]: 1, [`node_${nodeIdOf(2)}`]: 1 })
})

test('the text says it as ray status does', () => {
  const text = statusText(loadReport(aBusyCluster(), 5_000))
  expect(text).toContain('======== Autoscaler status: 1970-01-01 00:00:05.000 ========')
  expect(text).toContain(' 1.5/8.0 CPU\n 0B/4.00GiB memory\n')
  expect(text).toContain(
    " {'CPU': 1.0}: 3+ pending tasks/actors\n {'GPU': 1.0}: 2+ pending tasks/actors\n {'CPU': 9.0} * 2 (STRICT_SPREAD): 1+ pending placement groups",
  )
})

test('an empty cluster has a report too', async () => {
  const { parts } = await someParts()
  expect(statusText(loadReport(parts.head.state, 0))).toMatch(/\(no active nodes\)[^]*\(no resource demands\)$/)
})
