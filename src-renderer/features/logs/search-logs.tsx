import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { readCluster } from '../../api/cluster-reads.ts'
import { numberIn, type Row, rowsIn, textIn, textsIn } from '../../api/rows.ts'
import { NodeLink } from '../../entities/links.tsx'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { firstOf, type Query } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Checkbox, Field, Select, TextInput } from '../../ui/field.tsx'
import { safeText } from '../../util/safe-text.ts'
import { messages } from './messages.ts'

const levels = ['', 'debug', 'info', 'warn', 'error'] as const
const sinces = { '': null, '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000 } as const
const isSince = (text: string): text is keyof typeof sinces => Object.hasOwn(sinces, text)

type SearchLogsProps = { readonly cluster: string; readonly clusterRef: string }

/** One search over the logs of all nodes. What is searched for stands in the address. */
export function SearchLogs({ cluster, clusterRef }: SearchLogsProps) {
  const [query] = useQueryState()
  const text = firstOf(query['text']) ?? ''
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3">
      <SearchForm key={text} />
      {text !== '' && <Results cluster={cluster} clusterRef={clusterRef} query={query} text={text} />}
    </div>
  )
}

function SearchForm() {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const [text, setText] = useState(firstOf(query['text']) ?? '')
  const isRegex = query['regex'] !== undefined
  const isCase = query['case'] !== undefined
  const level = levels.find((each) => each === firstOf(query['level'])) ?? ''
  const since = firstOf(query['since']) ?? ''
  return (
    <form
      className="flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        change({ text: text === '' ? undefined : text }, { push: true })
      }}
    >
      <div className="min-w-64 flex-1">
        <Field label={t('text')} hint={t('hint')}>
          {(control) => (
            <TextInput {...control} value={text} className="w-full font-mono" onChange={(event) => setText(event.target.value)} />
          )}
        </Field>
      </div>
      <Field label={t('level')}>
        {(control) => (
          <Select
            {...control}
            value={level}
            onChange={(value) => change({ level: value === '' ? undefined : value })}
            options={levels.map((value) => ({ value, label: value === '' ? t('anyLevel') : value }))}
          />
        )}
      </Field>
      <Field label={t('since')}>
        {(control) => (
          <Select
            {...control}
            value={isSince(since) ? since : ''}
            onChange={(value) => change({ since: value === '' ? undefined : value })}
            options={(Object.keys(sinces) as (keyof typeof sinces)[]).map((value) => ({
              value,
              label: value === '' ? t('anyTime') : value,
            }))} // the keys of that very object
          />
        )}
      </Field>
      <Checkbox label={t('regex')} isChecked={isRegex} onChange={(isOn) => change({ regex: isOn ? '1' : undefined })} />
      <Checkbox label={t('case')} isChecked={isCase} onChange={(isOn) => change({ case: isOn ? '1' : undefined })} />
      <Button type="submit" variant="primary" disabled={text === ''}>
        {t('run')}
      </Button>
    </form>
  )
}

const pageLines = 200

function useSearch(cluster: string, query: Query, text: string) {
  const since = firstOf(query['since']) ?? ''
  const spanMs = isSince(since) ? sinces[since] : null
  const level = firstOf(query['level'])
  const asked = {
    ...(query['regex'] === undefined ? { text } : { regex: text }),
    ...(query['case'] === undefined && { ignore_case: true }),
    ...(level !== undefined && { level }),
    limit: pageLines,
  }
  return useInfiniteQuery({
    queryKey: ['search-logs', cluster, asked, since],
    queryFn: ({ pageParam, signal }) => {
      const from = spanMs === null ? {} : { since: String(Date.now() - spanMs) }
      return readCluster(
        cluster,
        { route: 'searchLogs', query: { ...asked, ...from, ...(pageParam !== '' && { cursor: pageParam }) } },
        signal,
      )
    },
    initialPageParam: '',
    getNextPageParam: (last) => textIn(last.body, 'next_cursor') ?? undefined,
    staleTime: 60_000,
  })
}

function Results({ cluster, clusterRef, query, text }: SearchLogsProps & { readonly query: Query; readonly text: string }) {
  const t = useText(messages)
  const format = useFormat()
  const search = useSearch(cluster, query, text)
  if (search.isError) return <ErrorNote error={search.error} onRetry={() => void search.refetch()} />
  const pages = search.data?.pages ?? []
  const lines = pages.flatMap(({ body }) => rowsIn(body, 'lines'))
  const read = pages.reduce((sum, { body }) => sum + (numberIn(body, 'scanned_bytes') ?? 0), 0)
  const warnings = [...new Set(pages.flatMap(({ body }) => textsIn(body, 'warnings')))]
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <p role="status" className="pb-2 text-sm text-soft">
        {search.isPending ? '…' : t('found', { count: lines.length, size: format.bytes(read) })}
      </p>
      {warnings.length > 0 && (
        <p className="mb-2 rounded-md border border-warn-line bg-warn-soft px-3 py-1 text-sm">
          {t('warnings')}: {warnings.join(' ')}
        </p>
      )}
      <div tabIndex={0} role="region" aria-label={t('search')} className="min-h-0 flex-1 overflow-auto rounded-lg border bg-surface">
        <ul className="min-w-max font-mono text-sm">
          {lines.map((line) => (
            <ResultLine
              key={`${textIn(line, 'node_id')} ${textIn(line, 'file')} ${numberIn(line, 'offset')}`}
              line={line}
              cluster={clusterRef}
            />
          ))}
        </ul>
        {search.hasNextPage && (
          <div className="p-2">
            <Button size="sm" isBusy={search.isFetchingNextPage} onClick={() => void search.fetchNextPage()}>
              {t('more')}
            </Button>
          </div>
        )}
      </div>
    </div>
  )
}

const shownLetters = 2_000

function ResultLine({ line, cluster }: { readonly line: Row; readonly cluster: string }) {
  const format = useFormat()
  const [node, file, offset] = [textIn(line, 'node_id') ?? '', textIn(line, 'file') ?? '', numberIn(line, 'offset') ?? 0]
  const atMs = numberIn(line, 'time_ms')
  return (
    <li className="flex gap-3 border-b px-2 whitespace-pre">
      <span className="w-24 shrink-0 text-faint">{atMs === null ? '' : format.clock(atMs)}</span>
      <span className="w-32 shrink-0 truncate font-sans">
        <NodeLink cluster={cluster} id={node} />
      </span>
      <span className="w-64 shrink-0 truncate font-sans">
        <PathLink to={paths.logs(cluster, { node, file, line: `${offset}@${node}/${file}` })} title={file}>
          {file}
        </PathLink>
      </span>
      <span dir="ltr">{safeText((textIn(line, 'text') ?? '').slice(0, shownLetters))}</span>
    </li>
  )
}
