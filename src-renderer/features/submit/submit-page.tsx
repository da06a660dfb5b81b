import { Page } from '../../ui/page.tsx'

export function SubmitPage() {
  return <Page title="SubmitPage">{null}</Page>
}
