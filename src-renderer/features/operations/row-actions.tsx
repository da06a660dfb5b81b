import { Ban, RotateCw } from 'lucide-react'
import { useState } from 'react'
import type { Operation } from '../../../src-main/contract/operations.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { messages } from './messages.ts'
import { cancelOperation, retryOperation } from './operation-actions.ts'
import { retryable } from './operation-model.ts'
import { useOperationTitle } from './operation-words.ts'

type ActionsProps = { readonly operation: Operation; readonly size?: 'sm' | 'md' }

/** What may be done with the whole of it now. */
export function OperationActions({ operation, size = 'md' }: ActionsProps) {
  const t = useText(messages)
  const count = retryable(operation)
  const isRunning = operation.state === 'running'
  const isInterrupted = operation.state === 'interrupted'
  return (
    <>
      {(count > 0 || isInterrupted) && (
        <Button
          size={size}
          variant={size === 'md' && !isRunning ? 'primary' : 'default'}
          icon={RotateCw}
          title={t('needsRetry')}
          onClick={() => void retryOperation(operation.id)}
        >
          {isInterrupted ? t('goOn') : size === 'sm' ? t('retry') : t('retryFailed', { count })}
        </Button>
      )}
      {isRunning && <CancelButton operation={operation} size={size} />}
    </>
  )
}

export const OperationRowActions = ({ operation }: { readonly operation: Operation }) => (
  <div className="flex justify-end gap-2">
    <OperationActions operation={operation} size="sm" />
  </div>
)

function CancelButton({ operation, size }: Required<ActionsProps>) {
  const t = useText(messages)
  const title = useOperationTitle()
  const [isAsking, setAsking] = useState(false)
  return (
    <>
      <Button size={size} icon={Ban} onClick={() => setAsking(true)}>
        {t('cancel')}
      </Button>
      <ConfirmDialog
        title={t('cancelTitle')}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() => cancelOperation(operation.id)}
        confirmLabel={t('cancelAll')}
        dismissLabel={t('keepRunning')}
      >
        <p className="font-medium">{title(operation)}</p>
        <p className="text-soft">{t('cancelText')}</p>
      </ConfirmDialog>
    </>
  )
}
