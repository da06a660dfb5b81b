import { Page } from '../../ui/page.tsx'

export function WorkerPage() {
  return <Page title="WorkerPage">{null}</Page>
}
