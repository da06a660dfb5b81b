import { ClusterError } from '../../runtime/base/errors.ts'
import type { Cluster } from '../contract/clusters.ts'
import type { Question, QuestionAnswer } from '../contract/questions.ts'
import type { Questions, SshTarget } from '../ssh/host-connection.ts'
import { passphraseKey, passwordKey, rayTokenKey } from '../storage/secret-store.ts'
import type { KeptSecrets } from './kept-secrets.ts'

export type QuestionDeskIo = {
  readonly nowMs: () => number
  readonly randomHex: (digits: number) => string
  readonly secrets: KeptSecrets
  /** Of the machine of the inventory that a connection leads to; null for a jump host that is none. */
  readonly machineIdOf: (target: SshTarget) => string | null
  /** `value` null: it was answered, or nobody waits for the answer any more. */
  readonly publish: (change: { id: string; value: Question | null }) => void
  /** How long a connection waits for a person. @default 5 minutes */
  readonly patienceMs?: number
}

/** As far as its token goes. */
type RayCluster = Pick<Cluster, 'id' | 'name' | 'rayHead'>

type Open = { readonly question: Question; readonly settle: (answer: QuestionAnswer) => void }
/** A question without what is the same for all. */
type Asked = Question extends infer Each ? (Each extends Question ? Omit<Each, 'id' | 'askedAtMs' | 'machineId' | 'where'> : never) : never

const openAtMost = 1_000
const defaultPatienceMs = 5 * 60_000

/** Holds what connections must know from a person until somebody answers; answers that are kept need nobody. */
export class QuestionDesk {
  readonly #io: QuestionDeskIo
  readonly #open = new Map<string, Open>()

  constructor(io: QuestionDeskIo) {
    this.#io = io
  }

  list(): Question[] {
    return [...this.#open.values()].map(({ question }) => question)
  }

  /** Nobody will answer any more. */
  close(): void {
    for (const { settle } of this.#open.values()) settle({ kind: 'refuse' })
  }

  /** @throws ClusterError `not-found` when nobody waits for it any more, `bad-argument` when the answer is to another kind of question. */
  answer(id: string, answer: QuestionAnswer): void {
    const open = this.#open.get(id)
    if (!open) throw new ClusterError('not-found', `nobody waits for an answer to ${id} any more; connect again to be asked again`)
    refuseOtherKind(open.question, answer)
    open.settle(answer)
  }

  /** What connections ask. */
  questions(): Questions {
    const ask = (target: SshTarget, asked: Asked) => {
      const machineId = this.#io.machineIdOf(target)
      return this.#ask({ id: `q-${this.#io.randomHex(16)}`, askedAtMs: this.#io.nowMs(), machineId, where: whereOf(target), ...asked })
    }
    return {
      acceptHostKey: async ({ target, keyType, fingerprint }) => {
        const answer = await ask(target, { kind: 'host-key', keyType, fingerprint })
        return answer?.kind === 'accept-host-key'
      },
      password: ({ target, attempt }) =>
        this.#secret(passwordKey(target), attempt, () => ask(target, { kind: 'password', attempt, canKeep: this.#io.secrets.canKeep() })),
      passphrase: ({ target, keyFile, attempt }) =>
        this.#secret(passphraseKey(keyFile), attempt, () =>
          ask(target, { kind: 'passphrase', keyFile, attempt, canKeep: this.#io.secrets.canKeep() }),
        ),
      keyboardInteractive: async ({ target, name, instructions, prompts }) => {
        const shown = prompts.slice(0, 32).map(({ prompt, isEchoed }) => ({ prompt: prompt.slice(0, 1_024), isEchoed }))
        const asked = { name: name.slice(0, 1_024), instructions: instructions.slice(0, 8_192), prompts: shown }
        const answer = await ask(target, { kind: 'keyboard-interactive', ...asked })
        return answer?.kind === 'responses' ? answer.responses : undefined
      },
    }
  }

  /** The token of a Ray head: as it was kept, or from a second attempt on from a person, as that one was wrong. Undefined: there is none. */
  async rayToken({ id, name, rayHead }: RayCluster, attempt: number): Promise<string | undefined> {
    const { randomHex, nowMs, secrets } = this.#io
    const key = rayTokenKey(id)
    const kept = await secrets.find(key)
    if (attempt === 0) return kept
    return this.#secret(key, attempt, () => {
      const common = { id: `q-${randomHex(16)}`, askedAtMs: nowMs(), machineId: rayHead?.via ?? null, where: rayHead?.url ?? '' }
      return this.#ask({ ...common, kind: 'token', cluster: name, attempt: kept === undefined ? 0 : 1, canKeep: secrets.canKeep() })
    })
  }

  /** What was kept is tried once; a second attempt means that it was wrong, and it goes. */
  async #secret(key: string, attempt: number, ask: () => Promise<QuestionAnswer | undefined>): Promise<string | undefined> {
    const { secrets } = this.#io
    const kept = attempt === 0 ? await secrets.find(key) : undefined
    if (kept !== undefined) return kept
    if (attempt > 0) await secrets.forget(key)
    const answer = await ask()
    if (answer?.kind !== 'secret') return undefined
    await secrets.keep(key, answer.secret, answer.keep)
    return answer.secret
  }

  #ask(question: Question): Promise<QuestionAnswer | undefined> {
    if (this.#open.size >= openAtMost) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const finish = (answer: QuestionAnswer | undefined) => {
        if (!this.#open.delete(question.id)) return
        clearTimeout(timer)
        this.#io.publish({ id: question.id, value: null })
        resolve(answer?.kind === 'refuse' ? undefined : answer)
      }
      const timer = setTimeout(() => finish(undefined), this.#io.patienceMs ?? defaultPatienceMs).unref()
      this.#open.set(question.id, { question, settle: finish })
      this.#io.publish({ id: question.id, value: question })
    })
  }
}

export const whereOf = ({ user, host, port }: Pick<SshTarget, 'user' | 'host' | 'port'>): string => `${user}@${host}:${port}`

const answerOf = {
  'host-key': 'accept-host-key',
  password: 'secret',
  passphrase: 'secret',
  token: 'secret',
  'keyboard-interactive': 'responses',
} as const

function refuseOtherKind(question: Question, answer: QuestionAnswer): void {
  if (answer.kind === 'refuse') return
  const wanted = answerOf[question.kind]
  if (answer.kind !== wanted)
    throw new ClusterError('bad-argument', `a question of kind ${question.kind} takes an answer of kind ${wanted}, got ${answer.kind}`)
  if (question.kind === 'host-key' && answer.kind === 'accept-host-key' && answer.fingerprint !== question.fingerprint) {
    throw new ClusterError(
      'bad-argument',
      `the question is about the key ${question.fingerprint}, not ${answer.fingerprint}; look again before you accept it`,
    )
  }
}
