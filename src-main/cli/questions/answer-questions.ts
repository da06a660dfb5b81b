import type { Terminal } from '../../../runtime/cli/command.ts'
import type { Question, QuestionAnswer } from '../../contract/questions.ts'
import { topics } from '../../contract/topics.ts'
import type { PanelSession } from '../panel-session.ts'
import type { Person } from './person.ts'
import { findAutomaticAnswer, questionText, secretPrompt, unaskedText } from './question-words.ts'
import type { SshAnswers } from './ssh-answers.ts'

type Given = { readonly panel: PanelSession; readonly terminal: Terminal; readonly answers: SshAnswers; readonly person: Person }
type Withdrawn = { readonly signal: AbortSignal }

/** Answers what connections ask while a command runs: by the flags, else by the person at the terminal, one question at a time. */
export function answerQuestions(given: Given): { close(): void } {
  if (!given.answers.isAsked) return { close() {} }
  const startedAtMs = Date.now()
  const open = new Map<string, AbortController>()
  const desk = new Desk(given)
  const subscription = given.panel.subscribe('questions', (event) => {
    const { id, value } = topics.questions.event.parse(event)
    if (value === null) {
      open.get(id)?.abort() // answered elsewhere, or nobody waits any more
      open.delete(id)
      return
    }
    if (open.has(id) || value.askedAtMs < startedAtMs) return // what was open before is not about us
    const withdrawn = new AbortController()
    open.set(id, withdrawn)
    desk.take(value, withdrawn)
  })
  return {
    close() {
      subscription.close()
      for (const withdrawn of open.values()) withdrawn.abort()
    },
  }
}

class Desk {
  readonly #given: Given
  /** A person answered `all`: every new key of this run is taken. */
  #isAllAccepted = false
  #last: Promise<void> = Promise.resolve()

  constructor(given: Given) {
    this.#given = given
  }

  take(question: Question, withdrawn: Withdrawn): void {
    const { person, terminal } = this.#given
    const automatic = this.#automatic(question)
    if (automatic) {
      if (automatic.say !== undefined) person.tell(automatic.say)
      void this.#answer(question, automatic.answer)
    } else if (!person.isThere) {
      terminal.warn(`shoal: ${unaskedText(question)}`)
      void this.#answer(question, { kind: 'refuse' })
    } else {
      this.#last = this.#last.then(() => this.#ask(question, withdrawn))
    }
  }

  #automatic(question: Question) {
    const { answers } = this.#given
    return findAutomaticAnswer(question, { ...answers, acceptNewHostKeys: answers.acceptNewHostKeys || this.#isAllAccepted })
  }

  async #ask(question: Question, { signal }: Withdrawn): Promise<void> {
    if (signal.aborted) return
    const automatic = this.#automatic(question) // `all` was said while it waited
    if (automatic?.say !== undefined) this.#given.person.tell(automatic.say)
    const answer = automatic?.answer ?? (await this.#answerOfPerson(question, signal))
    if (answer !== undefined && !signal.aborted) await this.#answer(question, answer)
  }

  async #answerOfPerson(question: Question, signal: AbortSignal): Promise<QuestionAnswer | undefined> {
    const { person } = this.#given
    const text = questionText(question)
    if (text !== '') person.tell(text)
    if (question.kind === 'host-key') return this.#acceptance(question, signal)
    if (question.kind === 'keyboard-interactive') {
      const responses: string[] = []
      for (const { prompt, isEchoed } of question.prompts) {
        const typed = await person.ask(prompt, { isHidden: !isEchoed, signal })
        if (typed === undefined) return { kind: 'refuse' }
        responses.push(typed)
      }
      return { kind: 'responses', responses }
    }
    const typed = await person.ask(secretPrompt(question), { isHidden: true, signal })
    if (typed === undefined || typed === '') return { kind: 'refuse' }
    return { kind: 'secret', secret: typed, keep: question.canKeep && (await this.#isToBeKept(signal)) }
  }

  async #isToBeKept(signal: AbortSignal): Promise<boolean> {
    return /^y(es)?$/i.test(((await this.#given.person.ask('Keep it? Type yes, or press Enter for no: ', { signal })) ?? '').trim())
  }

  async #acceptance(question: Question & { kind: 'host-key' }, signal: AbortSignal): Promise<QuestionAnswer | undefined> {
    for (;;) {
      const typed = await this.#given.person.ask('Accept it? Type yes, no, or all for every new key of this run: ', { signal })
      const word = typed?.trim().toLowerCase()
      if (word === 'yes' || word === 'all') {
        this.#isAllAccepted ||= word === 'all'
        return { kind: 'accept-host-key', fingerprint: question.fingerprint }
      }
      if (word === undefined || word === 'no' || word === 'n') return { kind: 'refuse' }
    }
  }

  async #answer({ id }: Question, answer: QuestionAnswer): Promise<void> {
    try {
      await this.#given.panel.call('questions.answer', { questionId: id, answer })
    } catch {
      // nobody waits for it any more: what asked has ended and says so itself
    }
  }
}
