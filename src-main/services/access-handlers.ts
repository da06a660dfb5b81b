import { ClusterError } from '../../runtime/base/errors.ts'
import { fingerprintOf } from '../ssh/host-key-lines.ts'
import type { HostKeyPlace, KnownHosts } from '../ssh/known-hosts.ts'
import { parseHop } from '../ssh/resolve-ssh-host.ts'
import { whyNoKeychain } from '../storage/keychain.ts'
import type { Secrets } from '../storage/secrets.ts'
import type { PanelHandlers } from './panel-handlers.ts'
import type { QuestionDesk } from './question-desk.ts'

type Access = PanelHandlers<'hostKeys'> & PanelHandlers<'questions'> & PanelHandlers<'secrets'>

const shownKeys = 4_096

function placeOf(text: string): HostKeyPlace {
  const { host, port = 22 } = parseHop(text)
  return { host, port }
}

/** Host keys, questions to a person, and where answers are kept. */
export function accessHandlers({ knownHosts, desk, secrets }: { knownHosts: KnownHosts; desk: QuestionDesk; secrets: Secrets }): Access {
  return {
    'hostKeys.list': ({ host: text }) =>
      knownHosts
        .list(text === undefined ? undefined : placeOf(text))
        .slice(0, shownKeys)
        .map(({ hosts, keyType, key, file }) => ({
          host: hosts.startsWith('|') ? '(hashed)' : hosts.slice(0, 300),
          keyType,
          fingerprint: fingerprintOf(key),
          file,
        })),
    'hostKeys.forget': ({ host }) => ({ forgotten: knownHosts.forget(placeOf(host)) }),
    'questions.list': () => desk.list(),
    'questions.answer': ({ questionId, answer }) => {
      desk.answer(questionId, answer)
      return {}
    },
    'secrets.status': async () => ({
      kind: secrets.kind,
      isOpen: secrets.isOpen,
      keys: secrets.isOpen ? await secrets.list() : [],
      whyNoKeychain: (await whyNoKeychain()) ?? null,
    }),
    'secrets.use': async ({ kind, passphrase }) => {
      await secrets.changeKind(kind, passphrase)
      return {}
    },
    'secrets.unlock': async ({ passphrase }) => {
      if (secrets.kind !== 'vault')
        throw new ClusterError(
          'wrong-state',
          `passwords are kept in ${secrets.kind === 'memory' ? 'memory' : 'the keychain'}, which needs no passphrase`,
        )
      await secrets.vault.unlock(passphrase)
      return {}
    },
    'secrets.forget': async ({ key }) => {
      if (!(await secrets.delete(key))) throw new ClusterError('not-found', `nothing is kept under ${key}`)
      return {}
    },
  }
}
