import { encodeQuery, type Query } from './query.ts'

const segment = (text: string) => encodeURIComponent(text)
const of = (cluster: string, rest: string) => `/c/${segment(cluster)}/${rest}`

/** Everything of a cluster that has a page of its own, by the word in its address. */
export const entityKinds = ['nodes', 'jobs', 'tasks', 'actors', 'placement-groups', 'objects', 'workers'] as const
export type EntityKind = (typeof entityKinds)[number]

/** The address of every page. A query is what its page understands: filters, a tab, a span of time. */
export const paths = {
  home: () => '/',
  machines: (query?: Query) => `/machines${encodeQuery(query)}`,
  newCluster: (query?: Query) => `/clusters/new${encodeQuery(query)}`,
  operation: (operationId: string) => `/operations/${segment(operationId)}`,
  operations: () => '/operations',
  terminals: (query?: Query) => `/terminals${encodeQuery(query)}`,
  settings: (query?: Query) => `/settings${encodeQuery(query)}`,
  cluster: (cluster: string) => of(cluster, 'overview'),
  manage: (cluster: string) => of(cluster, 'manage'),
  list: (cluster: string, kind: EntityKind, query?: Query) => `${of(cluster, kind)}${encodeQuery(query)}`,
  entity: (cluster: string, kind: EntityKind, id: string) => of(cluster, `${kind}/${segment(id)}`),
  submit: (cluster: string, query?: Query) => `${of(cluster, 'submit')}${encodeQuery(query)}`,
  logs: (cluster: string, query?: Query) => `${of(cluster, 'logs')}${encodeQuery(query)}`,
  timeline: (cluster: string, query?: Query) => `${of(cluster, 'timeline')}${encodeQuery(query)}`,
  serve: (cluster: string) => of(cluster, 'serve'),
  events: (cluster: string, query?: Query) => `${of(cluster, 'events')}${encodeQuery(query)}`,
} as const
