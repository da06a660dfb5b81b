import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { NodeRegistered, type ToAgentFromHead, toAgentFromHead } from '#runtime/protocol/nodes.ts'
import { daemonScript, runtimeNode } from '#runtime/session/daemon.ts'
import { type SessionLayout, sessionLayout } from '#runtime/session/layout.ts'
import { type Dialed, dialUnix } from '#runtime/transport/dial.ts'
import type { Link } from '#runtime/transport/link.ts'
import { registerOf } from './core/builders.ts'

export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-head-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export type HeadProcess = {
  readonly child: ChildProcess
  readonly layout: SessionLayout
  /** What it said first: `ready` or `failed`. */
  readonly word: string
  readonly facts: Record<string, string | number>
  /** Resolves with the first log line of this event, past or to come. */
  logged(event: string): Promise<Record<string, string | number>>
  /** Resolves when it has ended. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: string | null }>
}

/** A real head in `folder`; ended with the test. */
export async function startHead(folder: string, args: string[] = []): Promise<HeadProcess> {
  const child = spawn(runtimeNode(), [daemonScript('head'), '--temp-dir', folder, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const lines: Record<string, string | number>[] = []
  const listeners = new Set<() => void>()
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (text + chunk).split('\n')
    text = parts.pop() ?? ''
    for (const part of parts) if (part.startsWith('{')) lines.push(JSON.parse(part))
    for (const listener of listeners) listener()
  })
  const [first] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string] // the whole line fits one write
  const facts = JSON.parse(first.slice(first.indexOf(' ') + 1))
  return {
    ...{ child, layout: sessionLayout(folder), word: first.split(' ')[0] ?? '', facts },
    logged: (event) =>
      new Promise((resolve) => {
        const look = () => {
          const line = lines.find((each) => each['event'] === event)
          if (line === undefined) return
          listeners.delete(look)
          resolve(line)
        }
        listeners.add(look)
        look()
      }),
    async end(signal) {
      child.kill(signal)
      const [code, ended] = await exited
      return { code, signal: ended }
    },
  }
}

export type AgentLink = {
  readonly link: Link<ToAgentFromHead>
  /** Resolves with the next message of this type, past or to come. */
  next<T extends ToAgentFromHead['type']>(type: T): Promise<Extract<ToAgentFromHead, { type: T }>>
}

/** The agent's end of a connection that the head accepted. */
export function agentLink(dialed: Dialed): AgentLink {
  const link = dialed.link({ incoming: toAgentFromHead, logger: silentLogger })
  onTestFinished(() => link.close())
  const messages: ToAgentFromHead[] = []
  const listeners = new Set<() => void>()
  link.onMessage((message) => {
    messages.push(message)
    for (const listener of listeners) listener()
  })
  return {
    link,
    next: (type) =>
      new Promise((resolve) => {
        const look = () => {
          const at = messages.findIndex((message) => message.type === type)
          if (at < 0) return
          listeners.delete(look)
          resolve(messages.splice(at, 1)[0] as never) // it has the type that was asked for
        }
        listeners.add(look)
        look()
      }),
  }
}

/** A registered agent on the head's unix socket. */
export async function joinLocally(head: HeadProcess, nodeId: string, more: Parameters<typeof registerOf>[1] = {}): Promise<AgentLink> {
  const agent = agentLink(await dialUnix(head.layout.headSocket, { hello: { version: 'test', role: 'agent', nodeId } }))
  await agent.link.request(registerOf(nodeId, more), { reply: NodeRegistered })
  return agent
}
