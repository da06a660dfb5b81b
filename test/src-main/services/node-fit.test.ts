import { describe, expect, test } from 'vitest'
import { usedFrom } from '#src-main/cluster/logical-resources.ts'
import { type FitNode, judgeCluster, judgeNodes, wantedBy } from '#src-main/services/node-fit.ts'

const node = (name: string, more: Partial<FitNode> = {}): FitNode => {
  const total = more.total ?? { CPU: 4 }
  return { nodeId: name, name, isHead: false, total, free: total, labels: {}, closed: null, ...more }
}
function judge(nodes: readonly FitNode[], asked: Parameters<typeof wantedBy>[0]) {
  const wanted = wantedBy(asked)
  const verdicts = judgeNodes(nodes, wanted)
  return {
    ...judgeCluster(verdicts, new Map(nodes.map((each) => [each.nodeId, each])), wanted),
    verdicts: verdicts.map(({ name, verdict }) => `${name} ${verdict}`),
  }
}

describe('where a job would go', () => {
  test('the nearest comes first, and one that has room decides', () => {
    const nodes = [
      node('dead', { closed: 'dead' }),
      node('small', { total: { CPU: 1 } }),
      node('busier', { free: { CPU: 0 } }),
      node('busy', { free: { CPU: 1 } }),
      node('leaving', { closed: 'draining' }),
      node('away', { closed: 'unreachable' }),
    ]
    const order = ['busy busy', 'busier busy', 'small too-small', 'leaving draining', 'away unreachable', 'dead dead']
    expect(judge(nodes, { resources: { cpus: 2 } })).toEqual({
      ...{ fits: 'later', verdicts: order },
      why: 'it waits: all 2 nodes that can hold it are busy; the nearest is busy: it is busy: 2 CPU asked for, 1 free',
    })
    expect(judge([...nodes, node('free')], { resources: { cpus: 2 } })).toMatchObject({ fits: 'now', verdicts: ['free fits', ...order] })
  })

  test('one that is out of reach is waited for only where it could hold the job', () => {
    const nodes = [node('here', { total: { CPU: 1 } }), node('away', { closed: 'unreachable', free: {} })]
    expect(judge(nodes, { resources: { cpus: 4 } })).toMatchObject({ fits: 'later', why: expect.stringContaining('node away') })
    expect(judge(nodes, { resources: { cpus: 8 } })).toMatchObject({ fits: 'never' })
    expect(judge([], { resources: {} })).toMatchObject({ fits: 'never', why: expect.stringContaining('no node') })
  })

  test('nothing asked for means the node of the head, and nothing else; labels alone mean any that has them', () => {
    const nodes = [node('other', { labels: { zone: 'b' } }), node('head', { isHead: true, free: {} })]
    expect(judge(nodes, { resources: {} }).verdicts).toEqual(['head fits', 'other affinity'])
    expect(judge(nodes, { resources: {}, labels: { zone: 'b' } }).verdicts).toEqual(['other fits', 'head labels'])
    expect(judge(nodes, { resources: {}, labels: { zone: '!in(b, c)' } }).verdicts).toEqual(['head fits', 'other labels'])
    expect(judge(nodes, { resources: { cpus: 0 } }).verdicts).toEqual(['other fits', 'head fits'])
  })
})

test('what is used is read from lines as Ray writes them', () => {
  expect(
    usedFrom(
      '0.5/4.0 CPU\n0.0/1.0 GPU (0.0 used of 1.0 reserved in placement groups)\n1.50GiB/7.45GiB memory\n12B/1.00KiB object_store_memory\n 2.0/3.0 my_thing',
    ),
  ).toEqual({
    ...{ CPU: 0.5, GPU: 0, memory: 1.5 * 1024 ** 3, object_store_memory: 12, my_thing: 2 },
  })
  expect(usedFrom('')).toEqual({})
})
