import { Page } from '../../ui/page.tsx'

export function PlacementGroupsPage() {
  return <Page title="PlacementGroupsPage">{null}</Page>
}
