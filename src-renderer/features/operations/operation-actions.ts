import { toast } from 'sonner'
import { panel } from '../../api/panel.ts'

const said = (error: unknown) =>
  void toast.error(error instanceof Error ? error.message : String(error), { duration: Number.POSITIVE_INFINITY })

/** The whole, or what runs on one machine. */
export const cancelOperation = (operationId: string, machine?: string): Promise<unknown> =>
  panel.call('operations.cancel', { operationId, ...(machine !== undefined && { machine }) }).catch(said)

/** What failed, was cancelled or broken off; all of it, or one machine. */
export const retryOperation = (operationId: string, machine?: string): Promise<unknown> =>
  panel.call('operations.retry', { operationId, ...(machine !== undefined && { machine }) }).catch(said)
