import type { RuntimeEnvStateRow } from '../../api/state/runtime-envs.ts'
import type { Submission } from '../core/submission.ts'

/** Environments of submitted jobs: one row for each environment and node that it was set up on. */
export function runtimeEnvRows(submissions: Iterable<Submission>): RuntimeEnvStateRow[] {
  const rows = new Map<string, RuntimeEnvStateRow>()
  for (const { spec, phase } of submissions) {
    const nodeId = phase.kind === 'pending' ? null : phase.nodeId
    if (nodeId === null || Object.keys(spec.runtimeEnv).length === 0) continue
    const key = `${nodeId} ${JSON.stringify(spec.runtimeEnv)}`
    const failure = phase.kind === 'ended' && phase.end.errorType === 'RUNTIME_ENV_SETUP_FAILURE' ? phase.end.message : null
    const isUsed = phase.kind === 'starting' || phase.kind === 'running' ? 1 : 0
    const known = rows.get(key)
    rows.set(key, {
      runtime_env: { ...spec.runtimeEnv },
      success: failure === null,
      creation_time_ms: null,
      node_id: nodeId,
      ref_cnt: (known?.ref_cnt ?? 0) + isUsed,
      error: failure ?? known?.error ?? null,
    })
  }
  return [...rows.values()]
}
