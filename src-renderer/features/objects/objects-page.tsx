import { Page } from '../../ui/page.tsx'

export function ObjectsPage() {
  return <Page title="ObjectsPage">{null}</Page>
}
