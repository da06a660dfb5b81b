import { useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Segmented } from '../../ui/field.tsx'
import { messages } from './add-messages.ts'
import { AddOne } from './add-one.tsx'
import { AddPasted } from './add-pasted.tsx'
import { AddFromSshConfig } from './add-ssh-config.tsx'

const addWays = ['paste', 'ssh-config', 'one'] as const
export type AddWay = (typeof addWays)[number]
export const addWayOf = (text: string | undefined): AddWay | undefined => addWays.find((way) => way === text)

type AddDialogProps = { readonly way: AddWay; readonly onWay: (way: AddWay) => void; readonly onClose: () => void }

/** What was pasted stays while the page does: a dialog is closed by a slip of the hand. */
let keptText = ''

/** Machines from a list in any form, from the user's own ssh config, or one by hand. */
export function AddDialog({ way, onWay, onClose }: AddDialogProps) {
  const t = useText(messages)
  const [text, setText] = useState(keptText)
  const changeText = (next: string) => {
    keptText = next
    setText(next)
  }
  const close = () => {
    keptText = ''
    onClose()
  }
  return (
    <Dialog title={t('title')} description={t('intro')} isOpen onClose={onClose} width="lg">
      <div className="flex min-h-[min(580px,68vh)] flex-col gap-3">
        <div>
          <Segmented label={t('from')} options={addWays.map((value) => ({ value, label: t(value) }))} value={way} onChange={onWay} />
        </div>
        {way === 'paste' && <AddPasted text={text} onText={changeText} onAdded={close} />}
        {way === 'ssh-config' && <AddFromSshConfig onAdded={onClose} />}
        {way === 'one' && <AddOne onAdded={onClose} />}
      </div>
    </Dialog>
  )
}
