import { useRef, useState } from 'react'
import type { MachineSpec } from '../../../src-main/contract/machines.ts'
import { FileButton } from '../../entities/file-button.tsx'
import { isUser, newSpecs } from '../../entities/host-standing.ts'
import { ParseProblems, selectLine } from '../../entities/parse-problems.tsx'
import { type ParsedList, useParsedMachines } from '../../entities/use-parsed-machines.ts'
import { useText } from '../../i18n/messages.ts'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, TextArea, TextInput } from '../../ui/field.tsx'
import { AddFooter, useAdding } from './add-footer.tsx'
import { messages } from './add-messages.ts'
import { AddPreview } from './add-preview.tsx'
import { listIn } from './form-model.ts'
import { useKnownLabels } from './use-known-labels.ts'

type AddPastedProps = { readonly text: string; readonly onText: (text: string) => void; readonly onAdded: () => void }
type ForAll = { readonly user: string; readonly keyFile: string; readonly groups: string }

/** A list in any form, and beside it what was understood of it. */
export function AddPasted({ text, onText, onAdded }: AddPastedProps) {
  const t = useText(messages)
  const area = useRef<HTMLTextAreaElement>(null)
  const parsed = useParsedMachines(text)
  const [forAll, setForAll] = useState<ForAll>({ user: '', keyFile: '', groups: '' })
  const { add, ...adding } = useAdding(onAdded)
  const specs = specsOf(parsed, forAll)
  const isReady = !parsed.isReading && isUser(forAll.user)
  return (
    <form
      id="add-pasted"
      className="flex flex-1 flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady && specs.length > 0) add(specs)
      }}
    >
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-3">
          <Field label={t('text')} hint={t('textHint')}>
            {(control) => (
              <TextArea
                {...control}
                ref={area}
                rows={10}
                value={text}
                placeholder={t('placeholder')}
                onChange={(event) => onText(event.target.value)}
                className="font-mono text-sm"
              />
            )}
          </Field>
          <div>
            <FileButton label={t('file')} onText={(more) => onText(text.trim() === '' ? more : `${text.trimEnd()}\n${more}`)} />
          </div>
          <ForAllFields forAll={forAll} onChange={setForAll} />
        </div>
        <div className="flex min-w-0 flex-col gap-3">
          {parsed.error !== null && <ErrorNote error={parsed.error} />}
          <ParseProblems problems={parsed.problems} onLine={(line) => selectLine(area.current, line)} />
          <AddPreview parsed={parsed} isEmpty={text.trim() === ''} />
        </div>
      </div>
      <AddFooter
        specs={specs}
        isReady={isReady}
        note={<Note parsed={parsed} isEmpty={text.trim() === ''} />}
        form="add-pasted"
        {...adding}
      />
    </form>
  )
}

function specsOf({ hosts }: ParsedList, { user, keyFile, groups }: ForAll): MachineSpec[] {
  const more = listIn(groups)
  return newSpecs(hosts, { user, keyFile }).map((spec) => ({ ...spec, groups: [...new Set([...spec.groups, ...more])] }))
}

function ForAllFields({ forAll, onChange }: { readonly forAll: ForAll; readonly onChange: (forAll: ForAll) => void }) {
  const t = useText(messages)
  const { groups } = useKnownLabels()
  return (
    <div className="grid gap-x-4 gap-y-3 sm:grid-cols-2">
      <Field label={t('user')} hint={t('userHint')} error={isUser(forAll.user) ? undefined : t('userWrong')}>
        {(control) => (
          <TextInput {...control} value={forAll.user} onChange={(event) => onChange({ ...forAll, user: event.target.value.trim() })} />
        )}
      </Field>
      <Field label={t('groups')} hint={t('groupsHint')}>
        {(control) => (
          <>
            <TextInput
              {...control}
              list={`${control.id}-known`}
              value={forAll.groups}
              onChange={(event) => onChange({ ...forAll, groups: event.target.value })}
            />
            <datalist id={`${control.id}-known`}>
              {groups.map((group) => (
                <option key={group} value={group} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <div className="sm:col-span-2">
        <Field label={t('keyFile')} hint={t('keyFileHint')}>
          {(control) => (
            <TextInput
              {...control}
              value={forAll.keyFile}
              placeholder="~/.ssh/id_ed25519"
              onChange={(event) => onChange({ ...forAll, keyFile: event.target.value.trim() })}
              className="font-mono text-sm"
            />
          )}
        </Field>
      </div>
    </div>
  )
}

function Note({ parsed: { hosts, problems, isReading }, isEmpty }: { readonly parsed: ParsedList; readonly isEmpty: boolean }) {
  const t = useText(messages)
  if (isEmpty) return t('nothingDone')
  if (isReading) return t('reading')
  const taken = hosts.filter(({ standing }) => standing.kind === 'taken').length
  const known = hosts.filter(({ standing }) => standing.kind === 'known' || standing.kind === 'elsewhere').length
  const lost = new Set(problems.map(({ line }) => line)).size
  return (
    <>
      {known > 0 && <span>{t('knownCount', { count: known })} </span>}
      {taken > 0 && <span className="text-bad">{t('takenCount', { count: taken })} </span>}
      {lost > 0 && <span className="text-warn">{t('lostCount', { count: lost })}</span>}
    </>
  )
}
