import { Eye, EyeOff } from 'lucide-react'
import { useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { IconButton } from '../../ui/button.tsx'
import { type ControlProps, TextInput } from '../../ui/field.tsx'
import { messages } from './messages.ts'

type MaskedInputProps = { readonly control: ControlProps; readonly name: string; readonly isFirst?: boolean }

/** What is typed stays in the field alone: no state of the page ever holds it. */
export function MaskedInput({ control, name, isFirst = false }: MaskedInputProps) {
  const t = useText(messages)
  const [isShown, setShown] = useState(false)
  return (
    <span className="flex items-center gap-1">
      <TextInput
        {...control}
        name={name}
        type={isShown ? 'text' : 'password'}
        autoComplete="off"
        autoCapitalize="off"
        data-1p-ignore
        data-lpignore="true"
        autoFocus={isFirst}
        className="flex-1 font-mono"
      />
      <IconButton label={isShown ? t('hide') : t('show')} icon={isShown ? EyeOff : Eye} onClick={() => setShown(!isShown)} />
    </span>
  )
}
