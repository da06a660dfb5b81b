// A program for the tests, run inside a D-Bus session of its own: uses the keychain and prints what came of it, without a value.
import { openDataFolder } from '#src-main/storage/data-folder.ts'
import { whyNoKeychain } from '#src-main/storage/keychain.ts'
import { openSecrets } from '#src-main/storage/secrets.ts'
import { openSettingsStore } from '#src-main/storage/settings-store.ts'

const key = 'password:ada@gpu1:22'
const folder = await openDataFolder(process.argv[2] ?? '')
const why = await whyNoKeychain()
const facts: Record<string, unknown> = { why: why ?? null }
if (why === undefined) {
  const secrets = await openSecrets(folder, await openSettingsStore(folder))
  const value = `planted-${process.pid}`
  await secrets.set(key, value)
  await secrets.changeKind('keychain')
  const again = await openSecrets(folder, await openSettingsStore(folder))
  facts['kind'] = again.kind
  facts['isGivenBack'] = (await again.get(key)) === value
  facts['keys'] = await again.list()
  facts['unknown'] = (await again.get('password:none@here:1')) ?? null
  facts['deleted'] = [await again.delete(key), await again.delete(key)]
  facts['afterwards'] = [await again.list(), (await again.get(key)) ?? null]
}
process.stdout.write(`${JSON.stringify(facts)}\n`)
await folder.close()
process.exit(0)
