import { useState } from 'react'
import { useClusterRead } from '../../api/cluster-reads.ts'
import { useCluster } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { firstOf } from '../../navigation/query.ts'
import { usePathPart, useQueryState } from '../../navigation/use-navigation.ts'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { emptyForm, formOfJob, type JobForm } from './job-form.ts'
import { JobFields } from './job-fields.tsx'
import { messages } from './messages.ts'
import { SubmitPanel } from './submit-panel.tsx'
import { useKeptForm } from './use-kept-form.ts'
import { useSubmit } from './use-submit.ts'

/** A new job, or one of before to be changed and run again. */
export function SubmitPage() {
  const t = useText(messages)
  const ref = usePathPart('cluster')
  const { cluster } = useCluster(ref)
  const id = cluster?.id ?? ref
  const [query] = useQueryState()
  const from = firstOf(query['from'])
  const job = useClusterRead(id, { route: 'getShoalJob', params: { id: from ?? '' } }, { isEnabled: from !== undefined })
  const needsJob = from !== undefined
  return (
    <Page
      title={t('title')}
      breadcrumbs={[
        <PathLink key="cluster" to={paths.list(ref, 'jobs')}>
          {cluster?.name ?? ref}
        </PathLink>,
      ]}
      {...(needsJob && { subtitle: t('from', { id: from }) })}
    >
      {needsJob && job.isPending && <SkeletonRows />}
      {needsJob && job.isError && <ErrorNote error={job.error} onRetry={() => void job.refetch()} />}
      {needsJob
        ? job.data && <SubmitForm key={from} cluster={id} clusterRef={ref} first={formOfJob(job.data.body)} />
        : cluster && <KeptForm cluster={id} clusterRef={ref} />}
    </Page>
  )
}

type Given = { readonly cluster: string; readonly clusterRef: string }

/** What was typed before and not submitted is still there. */
function KeptForm(given: Given) {
  const [first, keep] = useKeptForm(given.cluster, emptyForm)
  return <SubmitForm {...given} first={first} onChange={keep} />
}

type SubmitFormProps = Given & { readonly first: JobForm; readonly onChange?: (form: JobForm) => void }

function SubmitForm({ cluster, clusterRef, first, onChange }: SubmitFormProps) {
  const [form, setForm] = useState(first)
  const change = (part: Partial<JobForm>) => {
    const next = { ...form, ...part }
    setForm(next)
    onChange?.(next)
  }
  const submission = useSubmit({ cluster, clusterRef, form, onDone: () => onChange?.(emptyForm) })
  return (
    <form
      className="grid max-w-[1280px] gap-6 lg:grid-cols-[minmax(0,1fr)_minmax(320px,420px)]"
      onSubmit={(event) => {
        event.preventDefault()
        submission.submit()
      }}
    >
      <JobFields cluster={cluster} form={form} onChange={change} submission={submission} />
      <SubmitPanel submission={submission} />
    </form>
  )
}
