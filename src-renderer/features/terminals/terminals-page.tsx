import { Page } from '../../ui/page.tsx'

export function TerminalsPage() {
  return <Page title="TerminalsPage">{null}</Page>
}
