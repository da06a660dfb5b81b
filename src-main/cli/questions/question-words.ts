import type { Question, QuestionAnswer } from '../../contract/questions.ts'
import type { SshAnswers } from './ssh-answers.ts'

/** What the flags answer, and what to say of it. Undefined: a person must be asked. */
export type Automatic = { readonly answer: QuestionAnswer; readonly say: string | undefined }

const refuse: QuestionAnswer = { kind: 'refuse' }
const secret = (text: string): QuestionAnswer => ({ kind: 'secret', secret: text, keep: false })

export function findAutomaticAnswer(question: Question, answers: SshAnswers): Automatic | undefined {
  switch (question.kind) {
    case 'host-key': {
      if (!answers.acceptNewHostKeys) return undefined
      const { where, keyType, fingerprint } = question
      return { answer: { kind: 'accept-host-key', fingerprint }, say: `Accepted the new host key of ${where}: ${keyType} ${fingerprint}` }
    }
    case 'password':
      return fromFile(question, answers.password, `${question.where} refuses the password of --password-file`)
    case 'passphrase':
      return fromFile(question, answers.passphrase, `the passphrase of --passphrase-file does not open ${question.keyFile}`)
    case 'token':
      return fromFile(
        question,
        answers.token,
        `the Ray head of ${question.cluster} refuses the token of --token-file, or of RAY_AUTH_TOKEN`,
      )
    case 'keyboard-interactive': {
      const [only, ...more] = question.prompts
      if (question.prompts.length === 0) return { answer: { kind: 'responses', responses: [] }, say: undefined } // it only informs
      const isPassword = only !== undefined && more.length === 0 && !only.isEchoed && /pass(word|phrase)/i.test(only.prompt)
      if (!isPassword || answers.password === undefined) return undefined
      return { answer: { kind: 'responses', responses: [answers.password] }, say: undefined }
    }
  }
}

/** A file is read once: a second attempt with the same would be refused as the first was. */
function fromFile({ attempt }: { attempt: number }, text: string | undefined, wrong: string): Automatic | undefined {
  if (text === undefined) return undefined
  return attempt === 0 ? { answer: secret(text), say: undefined } : { answer: refuse, say: wrong }
}

/** Why it is refused where nobody can be asked, and what helps. */
export function unaskedText(question: Question): string {
  switch (question.kind) {
    case 'host-key':
      return `${question.where} shows a host key that was never seen, ${question.keyType} ${question.fingerprint}; compare it with ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub on that machine, then use --accept-new-host-keys, or run this on a terminal`
    case 'password':
      return `${question.where} wants a password; use --password-file FILE, or run this on a terminal`
    case 'passphrase':
      return `the key ${question.keyFile} wants its passphrase; give it to ssh-agent with ssh-add, use --passphrase-file FILE, or run this on a terminal`
    case 'token':
      return `the Ray head of ${question.cluster} at ${question.where} wants its token; use --token-file FILE, set RAY_AUTH_TOKEN_PATH=FILE, or run this on a terminal`
    case 'keyboard-interactive':
      return `${question.where} asks ${question.prompts.map(({ prompt }) => JSON.stringify(prompt.trim())).join(', ')}; run this on a terminal, or use --password-file FILE if that is a password`
  }
}

/** What a person reads before the prompt. */
export function questionText(question: Question): string {
  switch (question.kind) {
    case 'host-key':
      return `${question.where} shows a host key that was never seen:\n  ${question.keyType} ${question.fingerprint}\nOn that machine, ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub shows what it should be.`
    case 'password':
      return question.attempt > 0 ? `${question.where} refuses that password.` : ''
    case 'passphrase':
      return question.attempt > 0 ? `That is not the passphrase of ${question.keyFile}.` : ''
    case 'token':
      return question.attempt > 0 ? `The Ray head of ${question.cluster} refuses that token.` : ''
    case 'keyboard-interactive':
      return [`${question.where} asks:`, question.name, question.instructions].filter((line) => line !== '').join('\n')
  }
}

/** What is typed is not shown. */
export function secretPrompt(question: Extract<Question, { kind: 'password' | 'passphrase' | 'token' }>): string {
  switch (question.kind) {
    case 'password':
      return `Password of ${question.where}: `
    case 'passphrase':
      return `Passphrase of ${question.keyFile}: `
    case 'token':
      return `Token of the Ray head of ${question.cluster} at ${question.where}: `
  }
}
