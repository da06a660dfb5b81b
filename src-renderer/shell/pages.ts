import {
  Boxes,
  Cloud,
  Database,
  FileText,
  Gauge,
  GanttChart,
  LayoutGrid,
  ListTree,
  type LucideIcon,
  Play,
  Rows3,
  Server,
  Settings2,
  SquareStack,
  Terminal,
  Users,
  Wrench,
  Zap,
} from 'lucide-react'
import { paths } from '../navigation/paths.ts'
import type { messages } from './messages.ts'

type Word = keyof (typeof messages)['en']

/** A page that one can go to from anywhere. `keys`: pressed one after the other. */
export type PageEntry = { readonly word: Word; readonly icon: LucideIcon; readonly keys: string; readonly to: string }

export const homePages: readonly PageEntry[] = [
  { word: 'clusters', icon: LayoutGrid, keys: 'g h', to: paths.home() },
  { word: 'machines', icon: Server, keys: 'g m', to: paths.machines() },
  { word: 'operations', icon: Wrench, keys: 'g p', to: paths.operations() },
  { word: 'terminals', icon: Terminal, keys: 'g x', to: paths.terminals() },
]

export const settingsPage: PageEntry = { word: 'settings', icon: Settings2, keys: 'g s', to: paths.settings() }

export const clusterPages = (cluster: string): readonly PageEntry[] => [
  { word: 'overview', icon: Gauge, keys: 'g o', to: paths.cluster(cluster) },
  { word: 'nodes', icon: Server, keys: 'g n', to: paths.list(cluster, 'nodes') },
  { word: 'jobs', icon: Play, keys: 'g j', to: paths.list(cluster, 'jobs') },
  { word: 'tasks', icon: Rows3, keys: 'g t', to: paths.list(cluster, 'tasks') },
  { word: 'actors', icon: Users, keys: 'g a', to: paths.list(cluster, 'actors') },
  { word: 'placementGroups', icon: SquareStack, keys: 'g b', to: paths.list(cluster, 'placement-groups') },
  { word: 'workers', icon: Boxes, keys: 'g w', to: paths.list(cluster, 'workers') },
  { word: 'objects', icon: Database, keys: 'g d', to: paths.list(cluster, 'objects') },
  { word: 'timeline', icon: GanttChart, keys: 'g i', to: paths.timeline(cluster) },
  { word: 'logs', icon: FileText, keys: 'g l', to: paths.logs(cluster) },
  { word: 'events', icon: Zap, keys: 'g e', to: paths.events(cluster) },
  { word: 'manage', icon: ListTree, keys: 'g c', to: paths.manage(cluster) },
]

/** Of clusters whose engine is Ray. */
export const servePage = (cluster: string): PageEntry => ({ word: 'serve', icon: Cloud, keys: 'g v', to: paths.serve(cluster) })
