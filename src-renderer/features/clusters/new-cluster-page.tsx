import { Page } from '../../ui/page.tsx'

export function NewClusterPage() {
  return <Page title="NewClusterPage">{null}</Page>
}
