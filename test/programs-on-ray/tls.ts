// Two machines whose Ray speaks TLS alone: the program is told of it as Ray is, by its environment.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish } from '../support/checks.ts'
import { system } from '../support/own-namespace.ts'
import { addressOf, enterRayNetwork, startRayMachines } from '../support/ray-machines.ts'

enterRayNetwork()

const folder = mkdtempSync(join(tmpdir(), 'shoal-ray-tls-'))
const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
const names = ['DNS:localhost', ...['127.0.0.1', addressOf(0), addressOf(1)].map((address) => `IP:${address}`)].join(',')
const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=ray']
system('openssl', 'req', '-x509', ...made, '-addext', `subjectAltName=${names}`)
const tls = { RAY_USE_TLS: '1', RAY_TLS_SERVER_CERT: cert, RAY_TLS_SERVER_KEY: key, RAY_TLS_CA_CERT: cert }
const machines = await startRayMachines([{ cpus: 0 }, { cpus: 2 }], process.env['SHOAL_RAY_PYTHON'] ?? 'python3', tls)

await check('tasks, actors and objects work over TLS', async () => {
  Object.assign(process.env, tls)
  await shoal.init({ address: machines.address })
  const bytesOf = shoal.remote((fill: number) => new Uint8Array(2_000_000).fill(fill))
  const bytes = await shoal.get(bytesOf.remote(3))
  assert(bytes.length === 2_000_000 && bytes.every((byte) => byte === 3))
  class Sum {
    #sum = 0
    add(values: Uint8Array): number {
      this.#sum += values.length
      return this.#sum
    }
  }
  const sum = shoal.actor(Sum).remote()
  const put = await shoal.put(new Uint8Array(1_000_000))
  assert.deepEqual(await shoal.get([sum.add.remote(put), sum.add.remote(put)]), [1_000_000, 2_000_000])
  await shoal.shutdown()
})

await machines.stop()
rmSync(folder, { recursive: true })
finish()
