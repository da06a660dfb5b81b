import { type ReactNode, useState } from 'react'
import { useText } from '../i18n/messages.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { ErrorNote } from './error-note.tsx'
import { Field, TextInput } from './field.tsx'
import { messages } from './messages.ts'

type ConfirmDialogProps = {
  readonly title: string
  readonly isOpen: boolean
  readonly onClose: () => void
  /** The dialog stays, with the error, when it rejects. */
  readonly onConfirm: () => Promise<unknown> | void
  readonly confirmLabel: string
  /** @default Cancel */
  readonly dismissLabel?: string
  readonly isDanger?: boolean
  /** For what is large: this name must be typed first. */
  readonly typeToConfirm?: string
  readonly isReady?: boolean
  readonly width?: 'sm' | 'md' | 'lg'
  readonly children?: ReactNode
}

/** Says what will happen before it does. The button that does it never has the focus first. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  return props.isOpen ? <OpenConfirmDialog {...props} /> : null
}

function OpenConfirmDialog(props: ConfirmDialogProps) {
  const {
    title,
    onClose,
    onConfirm,
    confirmLabel,
    dismissLabel,
    isDanger = true,
    typeToConfirm,
    isReady = true,
    width = 'sm',
    children,
  } = props
  const t = useText(messages)
  const [typed, setTyped] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const confirm = async () => {
    setBusy(true)
    try {
      await onConfirm()
      onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  const isTyped = typeToConfirm === undefined || typed.trim() === typeToConfirm
  return (
    <Dialog
      title={title}
      isOpen
      onClose={onClose}
      width={width}
      footer={
        <>
          <Button onClick={onClose}>{dismissLabel ?? t('cancel')}</Button>
          <Button variant={isDanger ? 'danger' : 'primary'} isBusy={isBusy} disabled={!isTyped || !isReady} onClick={() => void confirm()}>
            {confirmLabel}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {children}
        {typeToConfirm !== undefined && (
          <Field label={t('typeToConfirm', { text: typeToConfirm })}>
            {(control) => <TextInput {...control} value={typed} onChange={(event) => setTyped(event.target.value)} />}
          </Field>
        )}
        {error !== undefined && <ErrorNote error={error} />}
      </div>
    </Dialog>
  )
}
