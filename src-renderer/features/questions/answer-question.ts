import { toast } from 'sonner'
import type { QuestionAnswer } from '../../../src-main/contract/questions.ts'
import { panel } from '../../api/panel.ts'
import { PanelError } from '../../api/panel-error.ts'
import { textOf } from '../../i18n/messages.ts'
import { messages } from './messages.ts'

/** Says it to the connection that waits. What goes wrong is told; an answer that comes too late changes nothing. */
export async function answerQuestion(questionId: string, answer: QuestionAnswer): Promise<void> {
  try {
    await panel.call('questions.answer', { questionId, answer })
  } catch (error) {
    const isLate = error instanceof PanelError && error.code === 'not-found'
    toast.error(isLate ? textOf(messages, 'gone') : error instanceof Error ? error.message : String(error), { id: 'question' })
  }
}

export const refuse = (questionId: string): Promise<void> => answerQuestion(questionId, { kind: 'refuse' })
