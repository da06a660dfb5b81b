import { FolderUp } from 'lucide-react'
import { type DragEvent, useRef, useState } from 'react'
import { type ChosenFolder, folderOfDrop, folderOfInput } from '../../api/send-folder.ts'
import { tellError } from '../../entities/tell-error.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { Segmented } from '../../ui/field.tsx'
import { type FormPart, FormText } from './form-text.tsx'
import { messages } from './messages.ts'

const kinds = [
  { value: 'none', word: 'folderNone' },
  { value: 'upload', word: 'folderUpload' },
  { value: 'path', word: 'folderPath' },
  { value: 'uri', word: 'folderUri' },
] as const

/** The folder in which the command runs: from this computer, from that of the panel, or one that is on the cluster. */
export function FolderField(props: FormPart) {
  const { form, onChange } = props
  const t = useText(messages)
  return (
    <div className="flex flex-col gap-2">
      <span className="text-sm font-medium text-soft">{t('folder')}</span>
      <div className="overflow-x-auto">
        <Segmented
          label={t('folder')}
          value={form.folderKind}
          onChange={(folderKind) => onChange({ folderKind })}
          options={kinds.map(({ value, word }) => ({ value, label: t(word) }))}
        />
      </div>
      {form.folderKind === 'upload' && <DropZone {...props} />}
      {form.folderKind === 'path' && <PathField {...props} />}
      {form.folderKind === 'uri' && <FormText field="folderUri" label={t('uri')} {...props} />}
    </div>
  )
}

function PathField(props: FormPart) {
  const t = useText(messages)
  const { shoalDesktop } = window
  const pick = () => void shoalDesktop?.ask('pickFolder', {}).then((path) => path !== null && props.onChange({ folderPath: path }))
  return (
    <div className="flex items-end gap-2">
      <div className="flex-1">
        <FormText field="folderPath" label={t('path')} {...props} />
      </div>
      {shoalDesktop !== undefined && <Button onClick={pick}>{t('pick')}</Button>}
    </div>
  )
}

function DropZone({ submission: { folder, chooseFolder } }: FormPart) {
  const t = useText(messages)
  const format = useFormat()
  const input = useRef<HTMLInputElement>(null)
  const [isOver, setOver] = useState(false)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    take(folderOfDrop(event.dataTransfer.items))
  }
  const take = (taken: Promise<ChosenFolder | undefined>) => void taken.then((chosen) => chosen && chooseFolder(chosen)).catch(tellError)
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={classNames(
        'flex min-h-16 flex-wrap items-center justify-center gap-2 rounded-lg border border-dashed px-4 py-3',
        isOver ? 'border-accent bg-accent-soft' : 'border-strong bg-sunken',
      )}
    >
      <FolderUp size={16} aria-hidden className="text-faint" />
      <span>
        {folder === null
          ? t('drop')
          : t('chosen', { name: folder.name, count: folder.files.length, size: format.bytes(folder.totalBytes) })}
      </span>
      <Button size="sm" onClick={() => input.current?.click()}>
        {folder === null ? t('choose') : t('change')}
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        {...{ webkitdirectory: '' }} // React has no word for it
        aria-label={t('folder')}
        tabIndex={-1}
        className="sr-only"
        onChange={(event) => {
          if (event.target.files !== null) take(folderOfInput(event.target.files))
        }}
      />
    </div>
  )
}
