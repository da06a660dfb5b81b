import { onTestFinished } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { fromAgent, type Head } from '#runtime/head/head.ts'
import { headAsks } from '#runtime/protocol/head-asks.ts'
import { NodeRegistered, type NodeRegister, toAgentFromHead } from '#runtime/protocol/nodes.ts'
import { createLink, type Link } from '#runtime/transport/link.ts'
import { createMemoryPair } from '../../transport/memory-link.ts'

/** The agent's end of a link to a head in this process, registered; it says nothing by itself. */
export async function linkPair(head: Head, nodeId: string, register: NodeRegister): Promise<Link> {
  const [near, far] = createMemoryPair()
  head.attach(createLink(far, { incoming: fromAgent, logger: silentLogger, peer: nodeId }), nodeId)
  const link = createLink(near, { incoming: { ...toAgentFromHead, ...headAsks }, logger: silentLogger, peer: 'head' })
  link.onMessage(() => {})
  onTestFinished(() => link.close())
  await link.request(register, { reply: NodeRegistered })
  return link
}
