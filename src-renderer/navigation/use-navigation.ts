import { useLocation, useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { decodeQuery, type Query } from './query.ts'

/** Goes to an address that `paths` made. */
export function useGo(): (to: string, options?: { replace?: boolean }) => void {
  const navigate = useNavigate()
  return useCallback(
    (to, { replace = false } = {}) => {
      const [path = '/', query = ''] = to.split('?')
      void navigate({ to: path, search: decodeQuery(query), replace })
    },
    [navigate],
  )
}

/** What stands behind the `?`, and how to change a part of it: undefined takes a parameter out. A change replaces, unless `push`. */
export function useQueryState(): [Query, (change: Query, options?: { push?: boolean }) => void] {
  const query = useSearch({ strict: false }) as Query // the router is told to read addresses by decodeQuery
  const navigate = useNavigate()
  const router = useRouter()
  const pathname = useLocation({ select: (location) => location.pathname })
  const change = useCallback(
    (part: Query, { push = false } = {}) => {
      if (router.latestLocation.pathname !== pathname) return // the user is on the way to another page, which this would take back
      const next = (before: Query) => Object.fromEntries(Object.entries({ ...before, ...part }).filter(([, value]) => value !== undefined))
      void navigate({ to: pathname, search: next as never, replace: !push, resetScroll: false }) // of a route that is not known here
    },
    [navigate, pathname, router],
  )
  return [query, change]
}

/** A part of the address, such as the cluster that a page is about. */
export function usePathPart(name: 'cluster' | 'id'): string {
  const parts = useParams({ strict: false }) as Readonly<Record<string, string | undefined>> // any route's
  return parts[name] ?? ''
}
