import { useId } from 'react'
import { useText } from '../../i18n/messages.ts'
import { messages } from './new-messages.ts'

/** There is one to choose; the other is named so that nobody looks for it. */
export function EngineChoice() {
  const t = useText(messages)
  const name = useId()
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="mb-1 text-sm font-medium text-soft">{t('engine')}</legend>
      <label className="flex min-h-6 items-center gap-2">
        <input type="radio" name={name} defaultChecked className="accent-accent" />
        {t('engineShoal')}
      </label>
      <label className="flex min-h-6 items-center gap-2 text-faint">
        <input type="radio" name={name} disabled />
        {t('engineRay')} — {t('engineRayWhy')}
      </label>
    </fieldset>
  )
}
