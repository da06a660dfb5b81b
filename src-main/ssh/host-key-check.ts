import type { ServerHostKeyAlgorithm } from 'ssh2'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { Questions, SshTarget } from './host-connection.ts'
import { fingerprintOf, keyTypeOf } from './host-key-lines.ts'
import type { HostKeyPlace, HostKeyVerdict, KnownHosts } from './known-hosts.ts'

type HostKeyIo = {
  readonly target: SshTarget
  readonly knownHosts: KnownHosts
  readonly questions: Questions
  readonly whileAsking: <T>(question: Promise<T>) => Promise<T>
}

/** An alias stands for host and port together, as in ssh. */
export const placeOf = (target: SshTarget): HostKeyPlace => ({
  host: target.hostKeyAlias ?? target.host,
  port: target.hostKeyAlias === undefined ? target.port : 22,
  extraFiles: target.knownHostsFiles ?? [],
})

/**
 * Returns when the key is the one that is written down, or was accepted just now.
 * @throws ClusterError `ssh.host-key-changed`, also for a revoked one; `ssh.host-key-unknown` when nobody accepts it
 */
export async function checkHostKey(io: HostKeyIo, key: Buffer): Promise<void> {
  const { target, knownHosts, questions } = io
  const verdict = knownHosts.check(placeOf(target), key)
  if (verdict.kind === 'known') return
  if (verdict.kind === 'changed') throw keyChanged(io, key, verdict)
  if (verdict.kind === 'revoked') throw keyRevoked(target, key, verdict)
  const keyType = keyTypeOf(key)
  const fingerprint = fingerprintOf(key)
  if (!(await io.whileAsking(questions.acceptHostKey({ target, keyType, fingerprint })))) {
    throw new ClusterError(
      'ssh.host-key-unknown',
      `${target.name}: the host key of ${target.host}:${target.port} is not known (${keyType} ${fingerprint}), and it was not accepted. Compare it: ${howToCompare(keyType)}. Then accept it.`,
      { details: { host: target.host, port: target.port, keyType, fingerprint } },
    )
  }
  knownHosts.accept(placeOf(target), key)
}

/** Types that are written down come first, so that the server shows one that can be compared. */
export function hostKeyOrder(knownTypes: ReadonlySet<string>): ServerHostKeyAlgorithm[] {
  const all: readonly ServerHostKeyAlgorithm[] = [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-rsa',
  ]
  const isKnown = (algorithm: string) => knownTypes.has(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm)
  return [...all.filter(isKnown), ...all.filter((algorithm) => !isKnown(algorithm))]
}

function keyChanged({ target, knownHosts }: HostKeyIo, key: Buffer, { known }: HostKeyVerdict & { kind: 'changed' }): ClusterError {
  const keyType = keyTypeOf(key)
  const line = known.find((candidate) => candidate.keyType === keyType) ?? known[0]
  const pinned = line ? fingerprintOf(line.key) : ''
  const seen = fingerprintOf(key)
  const where = line ? `${line.file}:${line.line}` : ''
  const place = placeOf(target)
  const name = place.port === 22 ? place.host : `[${place.host}]:${place.port}`
  const forget =
    line && !knownHosts.isOwnFile(line.file) ? `remove it with: ssh-keygen -R '${name}' -f ${line.file}` : 'forget its host key here'
  return new ClusterError(
    'ssh.host-key-changed',
    `${target.name}: ${target.host}:${target.port} shows another host key than before, and nothing was sent to it. ` +
      `Seen: ${keyType} ${seen}. Written down: ${line?.keyType ?? ''} ${pinned} (${where}). ` +
      `Either the machine was set up anew, or somebody stands between. Compare: ${howToCompare(keyType)}. Only if it prints what was seen, ${forget}, and connect again.`,
    { details: { host: target.host, port: target.port, keyType, seen, pinned, where } },
  )
}

function keyRevoked(target: SshTarget, key: Buffer, { line }: HostKeyVerdict & { kind: 'revoked' }): ClusterError {
  return new ClusterError(
    'ssh.host-key-changed',
    `${target.name}: ${target.host}:${target.port} shows the host key ${fingerprintOf(key)}, which ${line.file}:${line.line} marks as revoked. Do not use this machine until its owner has given it a new key.`,
    { details: { host: target.host, port: target.port, seen: fingerprintOf(key), where: `${line.file}:${line.line}`, isRevoked: 1 } },
  )
}

function howToCompare(keyType: string): string {
  const short = keyType.startsWith('ecdsa') ? 'ecdsa' : keyType === 'ssh-rsa' ? 'rsa' : 'ed25519'
  return `on the machine's own console run: ssh-keygen -lf /etc/ssh/ssh_host_${short}_key.pub`
}
