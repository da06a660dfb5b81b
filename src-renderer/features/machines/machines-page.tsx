import { Page } from '../../ui/page.tsx'

export function MachinesPage() {
  return <Page title="MachinesPage">{null}</Page>
}
