import * as z from 'zod'
import {
  JobDeleteResponse,
  JobDetails,
  JobList,
  JobLogsResponse,
  JobPath,
  JobStopResponse,
  JobSubmitRequest,
  JobSubmitResponse,
  ShoalJobDetails,
  ShoalJobPage,
  shoalJobsPath,
  ShoalJobSubmitRequest,
} from '../jobs.ts'
import { PackagePath } from '../packages.ts'
import { queryLanguage, ShoalListQuery } from '../state/shoal-lists.ts'
import type { RouteAnswer, RouteRow } from './route-row.ts'

const ok = (schema: z.ZodType): Readonly<Record<number, RouteAnswer>> => ({ 200: { description: 'What was asked for.', schema } })
const text = (description: string): RouteAnswer => ({ description, schema: z.string(), contentType: 'text/plain' })
const unknown = { 404: text('No such job.') }
const jobs = { tag: 'jobs' } as const
const packages = { tag: 'packages', path: '/api/packages/{protocol}/{name}', params: PackagePath } as const

/** Submitted jobs and the packages that they need. */
export const jobRows: readonly RouteRow[] = [
  {
    ...jobs,
    method: 'post',
    path: '/api/jobs/',
    id: 'submitJob',
    summary: 'Submits a command as a job.',
    body: { schema: JobSubmitRequest },
    answers: { ...ok(JobSubmitResponse), 409: text('There is a job of that id already.'), 429: text('Too many jobs wait.') },
  },
  { ...jobs, method: 'get', path: '/api/jobs/', id: 'listJobs', summary: 'All jobs.', answers: ok(JobList) },
  {
    ...jobs,
    method: 'get',
    path: '/api/jobs/{id}',
    id: 'getJob',
    summary: 'One job, by submission id or job id.',
    params: JobPath,
    answers: { ...ok(JobDetails), ...unknown },
  },
  {
    ...jobs,
    method: 'post',
    path: '/api/jobs/{id}/stop',
    id: 'stopJob',
    summary: 'Ends a job; one that waits ends at once.',
    params: JobPath,
    answers: { ...ok(JobStopResponse), ...unknown },
  },
  {
    ...jobs,
    method: 'delete',
    path: '/api/jobs/{id}',
    id: 'deleteJob',
    summary: 'Forgets a job that has ended.',
    params: JobPath,
    answers: { ...ok(JobDeleteResponse), ...unknown, 409: text('It has not ended.') },
  },
  {
    ...jobs,
    method: 'get',
    path: '/api/jobs/{id}/logs',
    id: 'getJobLogs',
    summary: 'The whole log of a job.',
    params: JobPath,
    answers: { ...ok(JobLogsResponse), ...unknown },
  },
  {
    ...jobs,
    method: 'post',
    path: shoalJobsPath,
    id: 'submitShoalJob',
    summary: 'Submits a job with a priority.',
    body: { schema: ShoalJobSubmitRequest },
    answers: ok(JobSubmitResponse),
  },
  {
    ...jobs,
    method: 'get',
    path: shoalJobsPath,
    id: 'listShoalJobs',
    summary: 'Submitted jobs and programs that joined by themselves, newest first, with priority and place in the queue.',
    description: queryLanguage,
    query: ShoalListQuery,
    answers: ok(ShoalJobPage),
  },
  {
    ...jobs,
    method: 'get',
    path: `${shoalJobsPath}/{id}`,
    id: 'getShoalJob',
    summary: 'One job with its priority and place in the queue.',
    params: JobPath,
    answers: ok(ShoalJobDetails),
  },
  {
    ...packages,
    method: 'get',
    id: 'findPackage',
    summary: 'Whether a package is here; keeps it for ten minutes.',
    answers: { 200: { description: 'It is.' }, 404: text('It is not.') },
  },
  {
    ...packages,
    method: 'put',
    id: 'putPackage',
    summary: 'Uploads a package.',
    body: { contentType: 'application/octet-stream' },
    answers: { 200: { description: 'It is here.' }, 413: text('It is too large.'), 507: text('There is no room for it.') },
  },
]
