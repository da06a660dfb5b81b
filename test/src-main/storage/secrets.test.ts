import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createMemorySecrets, passphraseKey, passwordKey } from '#src-main/storage/secret-store.ts'
import { openSecrets } from '#src-main/storage/secrets.ts'
import { openSettingsStore } from '#src-main/storage/settings-store.ts'
import { openVaultFile } from '#src-main/storage/vault.ts'
import { refusalOf, temporaryDataFolder, temporaryFolder } from './support.ts'

const key = passwordKey({ user: 'ada', host: 'gpu1', port: 22 })
const otherKey = passphraseKey('/home/user/.ssh/id_ed25519')
const planted = 'planted-Secret-73'

/** All that is in a folder, as text. */
async function everythingIn(folder: string): Promise<string> {
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8').catch(() => '')))
  return texts.join('\n')
}

test('memory gives back what it was given, and no printing of it shows that', async () => {
  const secrets = createMemorySecrets()
  await secrets.set(key, planted)
  expect(await secrets.get(key)).toBe(planted)
  expect(await secrets.list()).toEqual([key])
  expect(`${inspect(secrets, { depth: 9, showHidden: true })} ${JSON.stringify(secrets)}`).not.toContain(planted)
  expect([await secrets.delete(key), await secrets.delete(key), await secrets.get(key)]).toEqual([true, false, undefined])
})

test('a key or a value that cannot be kept is refused without the value in the message', async () => {
  const secrets = createMemorySecrets()
  for (const [name, value] of [
    [planted.repeat(1), 'x'],
    ['password:a\nb', 'x'],
    [key, planted.repeat(10_000)],
  ] as const) {
    const { code, message } = await refusalOf(secrets.set(name, value))
    expect(code).toBe('bad-argument')
    if (value !== 'x') expect(message).not.toContain(planted)
  }
})

describe('the vault', () => {
  test('keeps secrets in a file that shows none of them, and opens with its passphrase only', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'vault.json')
    const vault = await openVaultFile(path)
    expect([vault.exists, vault.isOpen]).toEqual([false, false])
    expect((await refusalOf(vault.set(key, planted))).code).toBe('secrets.locked')
    expect((await refusalOf(vault.create('short'))).code).toBe('bad-argument')
    await vault.create('open sesame 1')
    await vault.set(key, planted)
    await vault.set(otherKey, 'ünïcode')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await everythingIn(folder)).not.toMatch(/planted|sesame/)
    expect(inspect(vault, { depth: 9, showHidden: true }) + JSON.stringify(vault)).not.toMatch(/planted|sesame/)

    const again = await openVaultFile(path)
    expect(await again.list()).toEqual([otherKey, key])
    expect((await refusalOf(again.get(key))).code).toBe('secrets.locked')
    const wrong = await refusalOf(again.unlock('open sesame 2'))
    expect(wrong.code).toBe('auth.refused')
    expect(wrong.message).not.toContain('sesame')
    expect(again.isOpen).toBe(false)
    await again.unlock('open sesame 1')
    expect([await again.get(key), await again.get(otherKey), await again.get('password:none')]).toEqual([planted, 'ünïcode', undefined])
    expect((await refusalOf(vault.create('another one'))).code).toBe('already-exists')
  })

  test('an entry that was changed, or put under another name, does not open', async () => {
    const path = join(await temporaryFolder(), 'vault.json')
    const vault = await openVaultFile(path)
    await vault.create('a passphrase')
    await vault.set(key, planted)
    await vault.set(otherKey, 'other')
    const file = JSON.parse(await readFile(path, 'utf8'))
    const { entries } = file.data
    ;[entries[key], entries[otherKey]] = [entries[otherKey], entries[key]]
    await writeFile(path, JSON.stringify(file))
    const again = await openVaultFile(path)
    await again.unlock('a passphrase')
    expect((await refusalOf(again.get(key))).code).toBe('store.corrupt')
    await again.set(key, 'set again')
    expect(await again.get(key)).toBe('set again')
  })

  test('guesses are slowed: from the third wrong one on there is a wait, and it doubles', async () => {
    let nowMs = 0
    const vault = await openVaultFile(join(await temporaryFolder(), 'vault.json'), () => nowMs)
    await vault.create('the right one')
    const refusals = await Promise.all(Array.from({ length: 5 }, () => refusalOf(vault.unlock('a wrong one'))))
    expect(refusals.map(({ code }) => code)).toEqual([...Array(3).fill('auth.refused'), ...Array(2).fill('too-many-requests')])
    expect((await refusalOf(vault.unlock('the right one'))).details['waitMs']).toBe(1_000)
    nowMs = 1_000
    expect((await refusalOf(vault.unlock('a wrong one'))).code).toBe('auth.refused')
    expect((await refusalOf(vault.unlock('the right one'))).details['waitMs']).toBe(2_000)
    nowMs = 3_000
    await vault.unlock('the right one')
    expect(vault.isOpen).toBe(true)
  })
})

test('by default nothing is written, and a change of kind moves what there is', async () => {
  const folder = await temporaryDataFolder()
  const settings = await openSettingsStore(folder)
  const secrets = await openSecrets(folder, settings)
  await secrets.set(key, planted)
  expect(secrets.kind).toBe('memory')
  expect(await everythingIn(folder.path)).not.toContain(key)

  expect((await refusalOf(secrets.changeKind('vault'))).code).toBe('secrets.locked')
  await secrets.changeKind('vault', 'a passphrase')
  expect([secrets.kind, await secrets.get(key)]).toEqual(['vault', planted])
  expect(await everythingIn(folder.path)).not.toContain(planted)

  const again = await openSecrets(folder, await openSettingsStore(folder))
  expect([again.kind, again.isOpen, await again.list()]).toEqual(['vault', false, [key]])
  expect((await refusalOf(again.changeKind('memory'))).code).toBe('secrets.locked')
  await again.vault.unlock('a passphrase')
  await again.changeKind('memory')
  expect([again.kind, await again.get(key), await again.vault.list()]).toEqual(['memory', planted, []])
  expect(inspect(again, { depth: 9, showHidden: true })).not.toContain(planted)
})
