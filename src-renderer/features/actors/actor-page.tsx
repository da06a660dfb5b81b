import { Page } from '../../ui/page.tsx'

export function ActorPage() {
  return <Page title="ActorPage">{null}</Page>
}
