import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import type { JobPlan, Upload } from '../../../src-main/contract/jobs.ts'
import { useUploads } from '../../api/live-things.ts'
import { panel } from '../../api/panel.ts'
import { type ChosenFolder, sendFolder } from '../../api/send-folder.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { type JobForm, type Read, readForm } from './job-form.ts'

type Given = { readonly cluster: string; readonly clusterRef: string; readonly form: JobForm; readonly onDone: () => void }

export type Submission = {
  readonly read: Read
  readonly plan: JobPlan | undefined
  readonly planError: unknown
  readonly isPlanning: boolean
  readonly folder: ChosenFolder | null
  /** The folder that would be sent names packages of npm, and none goes along. */
  readonly lacksPackages: boolean
  readonly chooseFolder: (folder: ChosenFolder | null) => void
  /** Shown from the first try on, not while one begins to type. */
  readonly isTried: boolean
  readonly isBusy: boolean
  readonly sent: { readonly done: number; readonly total: number } | null
  /** On its way from the panel to the cluster. */
  readonly upload: Upload | undefined
  readonly error: unknown
  readonly submit: () => void
  readonly cancel: () => void
}

/** The dry run of what stands in the form, and the real one. */
export function useSubmit({ cluster, clusterRef, form, onDone }: Given): Submission {
  const go = useGo()
  const [folder, setFolder] = useState<ChosenFolder | null>(null)
  const [isTried, setTried] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const [sent, setSent] = useState<Submission['sent']>(null)
  const [uploadId, setUploadId] = useState<string>()
  const [error, setError] = useState<unknown>()
  const abort = useRef<AbortController>(null)
  const read = useMemo(() => readForm(form, uploadId), [form, uploadId])
  const spec = useDeferredValue(read.spec)
  const plan = useQuery({
    queryKey: ['jobs.plan', cluster, spec],
    queryFn: ({ signal }) => panel.call('jobs.plan', { cluster, ...spec }, signal),
    placeholderData: (before) => before,
    enabled: spec.entrypoint.trim() !== '',
    refetchInterval: 10_000, // what is free changes
  })
  const upload = useUploads().values.find((each) => each.uploadId === uploadId)
  const run = async () => {
    if (isBusy) return
    setTried(true)
    setError(undefined)
    if (Object.keys(read.errors).length > 0) return
    const controller = new AbortController()
    abort.current = controller
    setBusy(true)
    try {
      let job = read.spec
      if (form.folderKind === 'upload' && folder !== null) {
        const total = folder.totalBytes
        setSent({ done: 0, total })
        const id = uploadId ?? (await sendFolder(folder, (done) => setSent({ done, total }), controller.signal))
        setUploadId(id)
        setSent(null)
        job = readForm(form, id).spec
      }
      const { submissionId } = await panel.call('jobs.submit', { cluster, ...job }, controller.signal)
      onDone()
      go(paths.entity(clusterRef, 'jobs', submissionId))
    } catch (failure) {
      setUploadId(undefined)
      if (!controller.signal.aborted) setError(failure)
    } finally {
      setSent(null)
      setBusy(false)
    }
  }
  return {
    read,
    plan: plan.data,
    planError: plan.error,
    isPlanning: plan.isFetching,
    folder,
    lacksPackages: form.folderKind === 'upload' && folder?.lacksPackages === true,
    chooseFolder(next) {
      setFolder(next)
      setUploadId(undefined)
    },
    isTried,
    isBusy,
    sent,
    upload,
    error,
    submit: () => void run(),
    cancel: () => abort.current?.abort(),
  }
}
