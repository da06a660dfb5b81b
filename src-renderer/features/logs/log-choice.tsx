import { X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useListing } from '../../api/entity-pages.ts'
import { textIn } from '../../api/rows.ts'
import { useText } from '../../i18n/messages.ts'
import { firstOf } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Select, TextInput } from '../../ui/field.tsx'
import { messages } from './messages.ts'

export type LogSubject = { readonly kind: 'job' | 'actor' | 'worker' | 'task'; readonly id: string }

const allNodes = { filters: [] } as const
const patterns = [
  { value: '', word: 'programs' },
  { value: 'job-driver-*', word: 'jobs' },
  { value: 'worker-*', word: 'workers' },
  { value: '**', word: 'everything' },
] as const
const typingMs = 400

/** Which files are followed: all that there are, those of one thing, of one node, or by their name. */
export function LogChoice({ cluster, subject }: { readonly cluster: string; readonly subject: LogSubject | undefined }) {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const { rows } = useListing(cluster, 'nodes', allNodes)
  const node = firstOf(query['node']) ?? ''
  const file = firstOf(query['file']) ?? ''
  const nodes = rows.map((row) => ({ value: textIn(row, 'node_id') ?? '', label: textIn(row, 'node_name') ?? '' }))
  return (
    <div className="flex flex-wrap items-end gap-3 pb-3">
      {subject !== undefined && (
        <span className="inline-flex h-7 items-center gap-1 rounded-md border bg-selected px-2">
          {t(subject.kind, { id: subject.id.slice(0, 24) })}
          <Button size="sm" variant="quiet" icon={X} onClick={() => change({ [subject.kind]: undefined })}>
            {t('clear')}
          </Button>
        </span>
      )}
      {subject?.kind !== 'task' && (
        <>
          <Field label={t('node')}>
            {(control) => (
              <Select
                {...control}
                value={node}
                onChange={(value) => change({ node: value === '' ? undefined : value })}
                options={[{ value: '', label: t('allNodes') }, ...nodes]}
              />
            )}
          </Field>
          {subject === undefined && (
            <Field label={t('what')}>
              {(control) => (
                <Select
                  {...control}
                  value={file}
                  onChange={(value) => change({ file: value === '' ? undefined : value })}
                  options={[
                    ...patterns.map(({ value, word }) => ({ value: value as string, label: t(word) })), // a plain text beside the others
                    ...(patterns.some(({ value }) => value === file) ? [] : [{ value: file, label: file }]),
                  ]}
                />
              )}
            </Field>
          )}
          <PatternField value={file} onChange={(value) => change({ file: value === '' ? undefined : value })} />
        </>
      )}
    </div>
  )
}

function PatternField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const t = useText(messages)
  const [text, setText] = useState(value)
  const [known, setKnown] = useState(value)
  if (known !== value) {
    setKnown(value)
    setText(value)
  }
  useEffect(() => {
    if (text === value) return undefined
    const timer = setTimeout(() => onChange(text), typingMs)
    return () => clearTimeout(timer)
  }, [text, value, onChange])
  return (
    <Field label={t('files')}>
      {(control) => (
        <TextInput
          {...control}
          value={text}
          placeholder={t('filesHint')}
          className="w-72 font-mono"
          onChange={(event) => setText(event.target.value)}
        />
      )}
    </Field>
  )
}
