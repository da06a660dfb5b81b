import { Bookmark, ChevronDown, Pencil, Plus, Trash2 } from 'lucide-react'
import { type FormEvent, useId, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { safeText } from '../../util/safe-text.ts'
import { Button } from '../button.tsx'
import { Dialog } from '../dialog.tsx'
import { Field, TextInput } from '../field.tsx'
import { Menu, type MenuItem } from '../menu.tsx'
import type { DataTableProps } from './data-table-props.ts'
import { createKept } from './kept.ts'
import { messages } from './messages.ts'
import { activeView, longestViewName, type SavedView, viewsOf, withView } from './table-memory.ts'
import { plainState } from './table-query.ts'
import type { TableState } from './table-types.ts'
import type { TableLayout } from './use-table-layout.ts'

const useViews = createKept<readonly SavedView[]>('shoal-views:', viewsOf)

type ViewsMenuProps<Row> = {
  readonly table: DataTableProps<Row>
  readonly layout: TableLayout<Row>
  readonly announce: (text: string) => void
}

/** Names for what a table was set to show. */
export function ViewsMenu<Row>({ table, layout, announce }: ViewsMenuProps<Row>) {
  const t = useText(messages)
  const [views, keep] = useViews(table.id)
  const [chosen, choose] = useState<string>()
  const [isNaming, setNaming] = useState(false)
  const current: TableState = { ...table.state, columns: layout.chosen }
  const active = activeView(views, current, chosen)
  const save = (name: string) => {
    keep(withView(views, { name, state: current }))
    choose(name)
    announce(t('viewSaved', { name: safeText(name) }))
  }
  const show = (view: SavedView | undefined) => {
    choose(view?.name)
    table.onState(view?.state ?? plainState)
  }
  const items: MenuItem[] = [
    { heading: views.length === 0 ? t('noViews') : t('savedViews') },
    ...views.map((view) => ({
      label: safeText(view.name, longestViewName),
      isChecked: active?.name === view.name && !active.isModified,
      onSelect: () => show(view),
    })),
    'separator',
    { label: t('saveView'), icon: Plus, onSelect: () => setNaming(true) },
  ]
  if (active) {
    const name = safeText(active.name, longestViewName)
    if (active.isModified) items.push({ label: t('updateView', { name }), icon: Pencil, onSelect: () => save(active.name) })
    items.push({ label: t('deleteView', { name }), icon: Trash2, onSelect: () => keep(views.filter((view) => view.name !== active.name)) })
    items.push('separator', { label: t('leaveView'), onSelect: () => show(undefined) })
  }
  const trigger = (
    <Button variant={active ? 'default' : 'quiet'} icon={Bookmark}>
      <bdi className="max-w-40 truncate">{active ? safeText(active.name, longestViewName) : t('views')}</bdi>
      {active?.isModified && <span className="font-normal text-faint">({t('modified')})</span>}
      <ChevronDown size={14} aria-hidden />
    </Button>
  )
  return (
    <>
      <Menu label={t('savedViews')} items={items} trigger={trigger} />
      {isNaming && <NameDialog views={views} onSave={save} onClose={() => setNaming(false)} />}
    </>
  )
}

type NameDialogProps = { readonly views: readonly SavedView[]; readonly onSave: (name: string) => void; readonly onClose: () => void }

function NameDialog({ views, onSave, onClose }: NameDialogProps) {
  const t = useText(messages)
  const formId = useId()
  const [typed, setTyped] = useState('')
  const name = typed.trim()
  const save = (event: FormEvent) => {
    event.preventDefault()
    if (name === '') return
    onSave(name)
    onClose()
  }
  const footer = (
    <>
      <Button onClick={onClose}>{t('cancel')}</Button>
      <Button type="submit" form={formId} variant="primary" disabled={name === ''}>
        {t('save')}
      </Button>
    </>
  )
  return (
    <Dialog title={t('saveView')} isOpen onClose={onClose} width="sm" footer={footer}>
      <form id={formId} onSubmit={save}>
        <Field label={t('viewName')} hint={views.some((view) => view.name === name) ? t('viewNameTaken') : undefined}>
          {(control) => (
            <TextInput
              {...control}
              autoFocus
              maxLength={longestViewName}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}
