import type { Question } from '../../../src-main/contract/questions.ts'

export type QuestionOf<Kind extends Question['kind']> = Extract<Question, { kind: Kind }>
export type PromptQuestion = QuestionOf<'keyboard-interactive'>
export type SecretQuestion = QuestionOf<'password' | 'passphrase' | 'token'>

/** What is asked next: all new host keys together, as they are looked at together; else one question, the oldest first. */
export type Next =
  | { readonly kind: 'host-keys'; readonly questions: readonly QuestionOf<'host-key'>[] }
  | { readonly kind: 'secret'; readonly question: SecretQuestion; readonly alike: readonly SecretQuestion[] }
  | { readonly kind: 'prompts'; readonly question: PromptQuestion; readonly alike: readonly PromptQuestion[] }

export function nextOf(open: readonly Question[]): Next | undefined {
  const inOrder = open.toSorted((one, other) => one.askedAtMs - other.askedAtMs || one.where.localeCompare(other.where))
  const keys = inOrder.filter((question) => question.kind === 'host-key')
  if (keys.length > 0) return { kind: 'host-keys', questions: keys }
  const [first] = inOrder
  if (first === undefined || first.kind === 'host-key') return undefined
  const others = inOrder.filter((question) => question.id !== first.id && userOf(question) === userOf(first))
  if (first.kind === 'keyboard-interactive') {
    const alike = asksForPassword(first) ? others.filter((question): question is PromptQuestion => asksForPassword(question)) : []
    return { kind: 'prompts', question: first, alike }
  }
  // Those that were refused once want another password than the one that went to all.
  const alike = others.filter((question) => question.kind === 'password' && first.kind === 'password' && question.attempt === 0)
  return { kind: 'secret', question: first, alike: alike as SecretQuestion[] } // by the line above
}

/** One hidden answer, and no code that is good only once. */
const asksForPassword = (question: Question): boolean =>
  question.kind === 'keyboard-interactive' &&
  question.prompts.length === 1 &&
  question.prompts.every(({ prompt, isEchoed }) => !isEchoed && /pass(word|phrase)/i.test(prompt) && !/one.?time|otp|token/i.test(prompt))

/** Of `user@host:port`. */
export const userOf = ({ where }: Pick<Question, 'where'>): string => where.slice(0, Math.max(0, where.lastIndexOf('@')))

/** It only tells something: there is nothing to answer. */
export const isNotice = (question: Question): question is QuestionOf<'keyboard-interactive'> =>
  question.kind === 'keyboard-interactive' && question.prompts.length === 0

/** What prints the fingerprint of a machine's key on that machine. */
export function compareCommand(keyType: string): string {
  const short = keyType.startsWith('ecdsa') ? 'ecdsa' : keyType === 'ssh-rsa' ? 'rsa' : 'ed25519'
  return `ssh-keygen -lf /etc/ssh/ssh_host_${short}_key.pub`
}
