import { Page } from '../../ui/page.tsx'

export function ManageClusterPage() {
  return <Page title="ManageClusterPage">{null}</Page>
}
