import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Machine } from '#src-main/contract/machines.ts'
import { checkHostKey } from '#src-main/ssh/host-key-check.ts'
import { fingerprintOf } from '#src-main/ssh/host-key-lines.ts'
import { KnownHosts } from '#src-main/ssh/known-hosts.ts'
import { changedKeyOf, hasChangedKey } from '#src-renderer/features/questions/changed-keys.ts'
import { machineOf } from '../clusters/builders.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-changed-'))
const [ownFile, otherFile] = [join(folder, 'own'), join(folder, 'known_hosts')]
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** An ed25519 key as ssh sends it. */
function sshKey(): Buffer {
  const raw = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const part = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
  return Buffer.concat([part(Buffer.from('ssh-ed25519')), part(raw)])
}

/** The machine as it stands after it showed `seen`, where `line` is what was known. */
async function metWith(seen: Buffer, files: Readonly<Record<string, string>>): Promise<Machine> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [file, text] of Object.entries(files)) writeFileSync(file, text)
  const target = { name: 'gpu1', host: '10.0.0.1', port: 2_222, user: 'ada' }
  const io = {
    target: target as never, // what of it matters here
    knownHosts: new KnownHosts({ ownFile, otherFiles: [otherFile] }),
    questions: { acceptHostKey: () => expect.unreachable() } as never, // nobody is asked about a key that changed
    whileAsking: <T>(asked: Promise<T>) => asked,
  }
  const error = await checkHostKey(io, seen).then(
    () => expect.unreachable(),
    (thrown: Error & { code: string }) => thrown,
  )
  const reach = { state: 'unreachable' as const, sinceMs: 7, code: error.code, message: error.message }
  return machineOf('gpu1', { host: '10.0.0.1', reach })
}

test('both keys and the place of the old one are read from what the connection said', async () => {
  const [known, seen] = [sshKey(), sshKey()]
  const machine = await metWith(seen, { [ownFile]: `[10.0.0.1]:2222 ssh-ed25519 ${known.toString('base64')}\n` })
  expect(hasChangedKey(machine)).toBe(true)
  expect(changedKeyOf(machine)).toEqual({
    machine,
    address: '10.0.0.1:2222',
    keyType: 'ssh-ed25519',
    seen: fingerprintOf(seen),
    known: fingerprintOf(known),
    where: `${ownFile}:1`,
    command: null,
    isRevoked: false,
  })
})

test('a key in a file of ssh is taken out there, by the command that was said', async () => {
  const machine = await metWith(sshKey(), { [otherFile]: `[10.0.0.1]:2222 ssh-ed25519 ${sshKey().toString('base64')}\n` })
  expect(changedKeyOf(machine)).toMatchObject({ where: `${otherFile}:1`, command: `ssh-keygen -R '[10.0.0.1]:2222' -f ${otherFile}` })
})

test('a revoked key cannot be wanted', async () => {
  const seen = sshKey()
  const machine = await metWith(seen, { [otherFile]: `@revoked * ssh-ed25519 ${seen.toString('base64')}\n` })
  expect(changedKeyOf(machine)).toMatchObject({ isRevoked: true, seen: fingerprintOf(seen), command: null })
})
