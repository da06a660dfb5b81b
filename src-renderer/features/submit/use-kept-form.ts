import { useState } from 'react'
import { isRow } from '../../api/rows.ts'
import type { JobForm } from './job-form.ts'

/** A draft for each cluster, until the window is closed. Environment variables may be secrets: those are not kept. */
export function useKeptForm(cluster: string, empty: JobForm): [JobForm, (form: JobForm) => void] {
  const key = `shoal-job-draft ${cluster}`
  const [first] = useState(() => readDraft(key, empty))
  return [first, (form) => sessionStorage.setItem(key, JSON.stringify({ ...form, env: '', runtimeEnv: '' }))]
}

function readDraft(key: string, empty: JobForm): JobForm {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? '{}')
    if (!isRow(kept)) return empty
    const texts = Object.entries(kept).filter(([name, value]) => Object.hasOwn(empty, name) && typeof value === 'string')
    const draft = { ...empty, ...Object.fromEntries(texts) }
    return draft.folderKind === 'upload' ? { ...draft, folderKind: 'none' } : draft
  } catch {
    return empty // not ours
  }
}
