import { useWhyNot } from '../../api/capabilities.ts'
import { useText } from '../../i18n/messages.ts'
import { Card } from '../../ui/card.tsx'
import { FolderField } from './folder-field.tsx'
import { type FormPart, FormText } from './form-text.tsx'
import { messages } from './messages.ts'

/** Everything that one can say about a job; what most jobs do without stands below "More". */
export function JobFields({ cluster, form, onChange, submission }: FormPart & { readonly cluster: string }) {
  const t = useText(messages)
  const whyNoPriority = useWhyNot(cluster)('priorities')
  const props = { form, onChange, submission }
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Card>
        <div className="flex flex-col gap-4 pt-2">
          <FormText field="entrypoint" label={t('command')} hint={t('commandHint')} placeholder={t('commandExample')} rows={2} {...props} />
          <FolderField form={form} onChange={onChange} submission={submission} />
        </div>
      </Card>
      <Card title={t('resources')}>
        <p className="mb-3 text-sm text-faint">{t('resourcesHint')}</p>
        <div className="grid grid-cols-2 gap-4 md:grid-cols-4">
          <FormText field="cpus" label={t('cpus')} {...props} />
          <FormText field="gpus" label={t('gpus')} {...props} />
          <FormText field="memoryGib" label={t('memory')} {...props} />
          <FormText
            field="priority"
            label={t('priority')}
            {...(whyNoPriority !== undefined && { hint: whyNoPriority, isDisabled: true })}
            {...props}
          />
          <div className="col-span-2">
            <FormText field="custom" label={t('custom')} {...props} />
          </div>
          <div className="col-span-2">
            <FormText field="labels" label={t('labels')} {...props} />
          </div>
        </div>
      </Card>
      <Card title={t('envTitle')}>
        <div className="grid gap-4 md:grid-cols-2">
          <FormText field="env" label={t('env')} hint={t('envHint')} rows={4} {...props} />
          <FormText field="pip" label={t('pip')} hint={t('pipHint')} rows={4} {...props} />
        </div>
      </Card>
      <details className="rounded-lg border bg-surface">
        <summary className="px-4 py-2 font-semibold">{t('advanced')}</summary>
        <div className="grid gap-4 px-4 pb-4 md:grid-cols-2">
          <div className="md:col-span-2">
            <FormText field="id" label={t('id')} hint={t('idHint')} {...props} />
          </div>
          <FormText field="metadata" label={t('metadata')} rows={4} {...props} />
          <FormText field="runtimeEnv" label={t('runtimeEnv')} rows={4} {...props} />
        </div>
      </details>
    </div>
  )
}
