import { Page } from '../../ui/page.tsx'

export function ClustersPage() {
  return <Page title="ClustersPage">{null}</Page>
}
