import { Page } from '../../ui/page.tsx'

export function PlacementGroupPage() {
  return <Page title="PlacementGroupPage">{null}</Page>
}
