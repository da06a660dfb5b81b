import { Download, Ellipsis } from 'lucide-react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { panel } from '../../api/panel.ts'
import { saveFile } from '../../entities/save-file.ts'
import { tellError } from '../../entities/tell-error.ts'
import { useText } from '../../i18n/messages.ts'
import { IconButton } from '../../ui/button.tsx'
import { Menu } from '../../ui/menu.tsx'
import { messages } from './messages.ts'
import type { MachineActs } from './use-machine-acts.tsx'

const files = {
  csv: { name: 'machines.csv', type: 'text/csv' },
  ansible: { name: 'inventory.yaml', type: 'application/yaml' },
  'ssh-config': { name: 'ssh-config', type: 'text/plain' },
  json: { name: 'machines.json', type: 'application/json' },
} as const
const formats = ['csv', 'ansible', 'ssh-config', 'json'] as const

type PageMenuProps = { readonly shown: readonly Machine[]; readonly acts: MachineActs }

/** What is done with the list as a whole. */
export function PageMenu({ shown, acts }: PageMenuProps) {
  const t = useText(messages)
  const save = async (format: (typeof formats)[number]) => {
    const { text } = await panel.call('machines.export', { format })
    saveFile(files[format].name, text, files[format].type)
  }
  return (
    <Menu
      label={t('more')}
      items={[
        acts.reach(shown),
        'separator',
        { heading: t('exportHeading') },
        ...formats.map((format) => ({ label: t(`export-${format}`), icon: Download, onSelect: () => void save(format).catch(tellError) })),
      ]}
      trigger={<IconButton label={t('more')} icon={Ellipsis} />}
    />
  )
}
