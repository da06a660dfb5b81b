import { Page } from '../../ui/page.tsx'

export function NodePage() {
  return <Page title="NodePage">{null}</Page>
}
