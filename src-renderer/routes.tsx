import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { paths } from './navigation/paths.ts'
import { decodeQuery, encodeQuery, type Query } from './navigation/query.ts'
import { ClusterLayout } from './shell/cluster-layout.tsx'
import { Layout } from './shell/layout.tsx'
import { NotFound } from './shell/not-found.tsx'
import { loadAgain } from './util/load-again.ts'

const root = createRootRoute({ component: Layout, notFoundComponent: NotFound })

const lazy = <Module extends Record<string, unknown>>(load: () => Promise<Module>, name: keyof Module & string) =>
  lazyRouteComponent(() => loadAgain(load as () => Promise<Record<string, never>>), name) // any module; its component is named beside it

/** Each page is a file of its own, loaded when one goes there. */
const page = <Module extends Record<string, unknown>>(path: string, load: () => Promise<Module>, name: keyof Module & string) =>
  createRoute({ getParentRoute: () => root, path, component: lazy(load, name) })

const cluster = createRoute({ getParentRoute: () => root, path: '/c/$cluster', component: ClusterLayout })
const clusterPage = <Module extends Record<string, unknown>>(path: string, load: () => Promise<Module>, name: keyof Module & string) =>
  createRoute({ getParentRoute: () => cluster, path, component: lazy(load, name) })

const clusterIndex = createRoute({
  getParentRoute: () => cluster,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: paths.cluster((params as { cluster: string }).cluster), replace: true }) // of the path above it
  },
})

const routeTree = root.addChildren([
  page('/', () => import('./features/clusters/clusters-page.tsx'), 'ClustersPage'),
  page('/clusters/new', () => import('./features/clusters/new-cluster-page.tsx'), 'NewClusterPage'),
  page('/machines', () => import('./features/machines/machines-page.tsx'), 'MachinesPage'),
  page('/operations', () => import('./features/operations/operations-page.tsx'), 'OperationsPage'),
  page('/operations/$id', () => import('./features/operations/operation-page.tsx'), 'OperationPage'),
  page('/terminals', () => import('./features/terminals/terminals-page.tsx'), 'TerminalsPage'),
  page('/settings', () => import('./features/settings/settings-page.tsx'), 'SettingsPage'),
  cluster.addChildren([
    clusterIndex,
    clusterPage('overview', () => import('./features/overview/overview-page.tsx'), 'OverviewPage'),
    clusterPage('manage', () => import('./features/clusters/manage-cluster-page.tsx'), 'ManageClusterPage'),
    clusterPage('nodes', () => import('./features/nodes/nodes-page.tsx'), 'NodesPage'),
    clusterPage('nodes/$id', () => import('./features/nodes/node-page.tsx'), 'NodePage'),
    clusterPage('jobs', () => import('./features/jobs/jobs-page.tsx'), 'JobsPage'),
    clusterPage('jobs/$id', () => import('./features/jobs/job-page.tsx'), 'JobPage'),
    clusterPage('submit', () => import('./features/submit/submit-page.tsx'), 'SubmitPage'),
    clusterPage('tasks', () => import('./features/tasks/tasks-page.tsx'), 'TasksPage'),
    clusterPage('tasks/$id', () => import('./features/tasks/task-page.tsx'), 'TaskPage'),
    clusterPage('actors', () => import('./features/actors/actors-page.tsx'), 'ActorsPage'),
    clusterPage('actors/$id', () => import('./features/actors/actor-page.tsx'), 'ActorPage'),
    clusterPage('placement-groups', () => import('./features/placement-groups/placement-groups-page.tsx'), 'PlacementGroupsPage'),
    clusterPage('placement-groups/$id', () => import('./features/placement-groups/placement-group-page.tsx'), 'PlacementGroupPage'),
    clusterPage('workers', () => import('./features/workers/workers-page.tsx'), 'WorkersPage'),
    clusterPage('workers/$id', () => import('./features/workers/worker-page.tsx'), 'WorkerPage'),
    clusterPage('objects', () => import('./features/objects/objects-page.tsx'), 'ObjectsPage'),
    clusterPage('objects/$id', () => import('./features/objects/object-page.tsx'), 'ObjectPage'),
    clusterPage('timeline', () => import('./features/timeline/timeline-page.tsx'), 'TimelinePage'),
    clusterPage('logs', () => import('./features/logs/logs-page.tsx'), 'LogsPage'),
    clusterPage('serve', () => import('./features/serve/serve-page.tsx'), 'ServePage'),
    clusterPage('events', () => import('./features/events/events-page.tsx'), 'EventsPage'),
  ]),
])

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  parseSearch: (text) => decodeQuery(text.replace(/^\?/, '')),
  stringifySearch: (query) => encodeQuery(query as Query), // pages put in nothing else
})
