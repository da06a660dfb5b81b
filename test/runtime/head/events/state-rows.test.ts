import { expect, test } from 'vitest'
import { nodeRow } from '#runtime/head/events/state-rows.ts'
import { nodeStateRow } from '#runtime/head/listings/node-rows.ts'
import { factsOf, nodeIdOf, TestHead } from '../core/builders.ts'

const places = [
  ['10.0.0.7:6380', '10.0.0.7'],
  ['[fd00::7]:6380', 'fd00::7'],
  ['', '127.0.0.1'],
] as const

test.each(places)('a node at %j has the same address in events as in its list', (agentAddress, ip) => {
  const head = new TestHead()
  head.join(1, { facts: { ...factsOf(nodeIdOf(1)), agentAddress } })
  const node = head.state.nodes.get(nodeIdOf(1))!
  expect(nodeRow(node)).toMatchObject({ node_ip: ip })
  expect(nodeStateRow(node)).toMatchObject({ node_ip: ip })
})
