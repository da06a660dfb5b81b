/** The log of a job, as it is written. */
export function JobLog({ cluster, job, isLive }: { readonly cluster: string; readonly job: string; readonly isLive: boolean }) {
  return <p>{`${cluster} ${job} ${isLive}`}</p>
}
