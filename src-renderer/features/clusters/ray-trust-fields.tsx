import type { Output } from '../../../src-main/contract/panel.ts'
import { FileButton } from '../../entities/file-button.tsx'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Select, TextArea, TextInput } from '../../ui/field.tsx'
import { messages } from './ray-messages.ts'

export type RayTrustDraft = { readonly trustKind: 'system' | 'ca' | 'fingerprint'; readonly pem: string; readonly sha256: string }

type RayTrustFieldsProps = {
  readonly draft: RayTrustDraft
  /** What the head showed as it was last looked at. */
  readonly seen: Output<'clusters.planRay'>['certificate']
  readonly onChange: (part: Partial<RayTrustDraft>) => void
}

/** How the certificate of an https address is judged. */
export function RayTrustFields({ draft, seen, onChange }: RayTrustFieldsProps) {
  const t = useText(messages)
  return (
    <>
      <Field label={t('trust')}>
        {(control) => (
          <Select
            {...control}
            value={draft.trustKind}
            onChange={(trustKind) => onChange({ trustKind })}
            options={[
              { value: 'system', label: t('trustSystem') },
              { value: 'ca', label: t('trustCa') },
              { value: 'fingerprint', label: t('trustFingerprint') },
            ]}
          />
        )}
      </Field>
      {draft.trustKind === 'ca' && (
        <>
          <Field label={t('ca')}>
            {(control) => (
              <TextArea
                {...control}
                rows={4}
                value={draft.pem}
                className="font-mono text-sm"
                onChange={(event) => onChange({ pem: event.target.value })}
              />
            )}
          </Field>
          <div>
            <FileButton label={t('chooseCa')} accept=".pem,.crt,.cer" onText={(pem) => onChange({ pem })} />
          </div>
        </>
      )}
      {draft.trustKind === 'fingerprint' && (
        <Field label={t('fingerprint')} hint={t('fingerprintHint')}>
          {(control) => (
            <TextInput
              {...control}
              value={draft.sha256}
              className="font-mono"
              onChange={(event) => onChange({ sha256: event.target.value })}
            />
          )}
        </Field>
      )}
      {seen !== null && !seen.isTrusted && (
        <div className="flex flex-col gap-1 rounded-md border border-warn-line bg-warn-soft px-3 py-2">
          <p>{t('seenCertificate', { subject: seen.subject, issuer: seen.issuer })}</p>
          <code className="font-mono text-sm break-all">{seen.sha256}</code>
          <p className="text-sm text-soft">{t('fingerprintHint')}</p>
          <div>
            <Button size="sm" onClick={() => onChange({ trustKind: 'fingerprint', sha256: seen.sha256 })}>
              {t('useFingerprint')}
            </Button>
          </div>
        </div>
      )}
    </>
  )
}
