import { Page } from '../../ui/page.tsx'

export function OperationPage() {
  return <Page title="OperationPage">{null}</Page>
}
