import { describe, expect, it } from 'vitest'
import { type Command, FlagValues, type Terminal } from '#runtime/cli/command.ts'
import { cancel, drain, kill, why } from '#runtime/cli/control.ts'
import { parseCommand, wordsOf } from '#runtime/cli/parse-command.ts'
import { actorIdOf, actorSpec, nodeIdOf, registerOf, shapeOf } from '../head/core/builders.ts'
import { serveInProcess } from '../head/http/in-process.ts'
import { linkPair } from '../head/http/linked-agent.ts'

/** Runs a command as the user typed it. */
async function run(command: Command, args: readonly string[], target?: { url: string; token: string }) {
  const printed: string[] = []
  const terminal: Terminal = {
    print: (text) => printed.push(text),
    warn: (text) => printed.push(text),
    isJson: args.includes('--json'),
    isInteractive: false,
    onInterrupt: () => {},
  }
  const before = { ...process.env }
  Object.assign(process.env, target ? { SHOAL_API_ADDRESS: target.url, SHOAL_API_TOKEN: target.token } : {})
  try {
    const code = await command.prepare(parseCommand(command, args), wordsOf(command, args))(terminal)
    return { code, text: printed.join('\n') }
  } finally {
    process.env = before
  }
}

const nodeId = nodeIdOf(1)
async function aHeadWithANode() {
  const served = await serveInProcess()
  await linkPair(served.parts.head, nodeId, registerOf(nodeId, { resources: { CPU: 4 } }))
  return { head: served.parts.head, target: { url: `http://${served.host}:${served.port}`, token: served.token } }
}

describe('commands that end things', () => {
  it('refuse what is no id of theirs, before anything is asked', async () => {
    for (const [command, args, word] of [
      [cancel, [], '48 hex digits'],
      [cancel, ['xyz'], 'xyz'],
      [kill, ['ab'], 'the id of an actor, 32 hex digits, or the id of a worker, 56 hex digits'],
      [kill, ['a'.repeat(56), '--restart'], '--restart'],
      [drain, ['a'.repeat(56), 'b'], '"b"'],
      [drain, ['a'.repeat(56), '--within', 'soon'], '--within'],
      [why, ['a', 'b'], '"b"'],
    ] as const) {
      await expect(async () => run(command, args)).rejects.toThrow(word)
    }
    expect(cancel.prepare(new FlagValues(cancel.flags, new Map()), ['a'.repeat(48)])).toBeTypeOf('function')
  })

  it('drain a node, and first say what that would do', async () => {
    const { head, target } = await aHeadWithANode()
    const dry = await run(drain, [nodeId, '--dry-run'], target)
    expect(dry).toMatchObject({ code: 0, text: expect.stringMatching(/would take no new work[^]*note: no other node takes work/) })
    expect(head.state.nodes.get(nodeId)?.draining).toBeNull()
    const done = await run(drain, [nodeId, '--within', '5m', '--reason', 'new disk', '--json'], target)
    expect(JSON.parse(done.text)).toMatchObject({ action: 'drain', done: true, dryRun: false })
    expect(head.state.nodes.get(nodeId)?.draining?.reason).toBe('new disk')
    await expect(run(drain, ['f'.repeat(56)], target)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('kill an actor, and say with exit code 1 when there was nothing to do', async () => {
    const { head, target } = await aHeadWithANode()
    const actorId = actorIdOf(1)
    await head.request(nodeId, { type: 'actor.create', spec: actorSpec(actorId, { shape: shapeOf({ CPU: 9 }) }), getIfExists: false })
    expect(await run(why, [actorId], target)).toMatchObject({
      code: 0,
      text: expect.stringMatching(/^PENDING_CREATION: no node can ever hold 9 CPU[^]*it can never hold it: 9 CPU asked for, 4 there/),
    })
    expect((await run(why, [], target)).text).toMatch(/^1 × actor, for ever: no node can ever hold 9 CPU/)
    expect(await run(kill, [actorId], target)).toMatchObject({ code: 0, text: expect.stringContaining('was killed for good') })
    expect(await run(kill, [actorId], target)).toMatchObject({ code: 1, text: expect.stringContaining('dead already') })
    expect(await run(why, [], target)).toMatchObject({ text: 'nothing waits' })
  })
})
