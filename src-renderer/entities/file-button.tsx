import { FileUp } from 'lucide-react'
import { useRef } from 'react'
import { Button } from '../ui/button.tsx'
import { tellError } from './tell-error.ts'

type FileButtonProps = { readonly label: string; readonly onText: (text: string) => void; readonly accept?: string }

/** Reads a file of this computer as text; nothing is sent anywhere by it. */
export function FileButton({ label, onText, accept }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null)
  const read = (file: File | undefined) => {
    if (file !== undefined) file.text().then(onText, tellError)
    if (input.current) input.current.value = '' // so that the same file can be chosen again
  }
  return (
    <>
      <input
        ref={input}
        type="file"
        accept={accept}
        className="hidden"
        tabIndex={-1}
        aria-hidden
        onChange={(event) => read(event.target.files?.[0])}
      />
      <Button size="sm" icon={FileUp} onClick={() => input.current?.click()}>
        {label}
      </Button>
    </>
  )
}
