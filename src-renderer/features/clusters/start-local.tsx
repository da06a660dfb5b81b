import { Play } from 'lucide-react'
import { useState } from 'react'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { Button, type ButtonLook } from '../../ui/button.tsx'
import { tellError } from '../../entities/tell-error.ts'
import { messages } from './messages.ts'

/** A cluster on this computer alone, with jobs to look at. */
export function StartLocalButton({ variant = 'default' }: Pick<ButtonLook, 'variant'>) {
  const t = useText(messages)
  const go = useGo()
  const [isBusy, setBusy] = useState(false)
  const start = async () => {
    setBusy(true)
    try {
      const { operationId } = await panel.call('clusters.startLocal', { withSamples: true })
      go(paths.operation(operationId))
    } catch (error) {
      tellError(error)
      setBusy(false)
    }
  }
  return (
    <Button variant={variant} icon={Play} isBusy={isBusy} onClick={() => void start()}>
      {t('tryLocal')}
    </Button>
  )
}
