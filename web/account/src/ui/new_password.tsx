// A field for a password to come, with its strength while it is typed. What
// judges it is large, so it is loaded when the field is first gone to.
import { useRef, useState } from 'preact/hooks'

import type { Form } from '../form'
import { useSettings } from '../settings'
import { t } from '../texts'
import { Field } from '.'

type Judge = (password: string, known: string[]) => number

interface Props {
  form: Form
  name: string
  label: string
  known?: string[] // of the account: what would make the password weak
}

export function NewPassword({ form, name, label, known = [] }: Props) {
  const least = useSettings().passwordMinLength
  const judge = useRef<Judge>()
  const typed = useRef('')
  const [score, setScore] = useState<number | null>(null)

  function rate(): void {
    setScore(typed.current && judge.current ? judge.current(typed.current.slice(0, 100), known) : null)
  }
  async function load(): Promise<void> {
    if (!judge.current) {
      judge.current = (await import('../strength')).judge
      rate()
    }
  }
  return (
    <Field
      form={form}
      name={name}
      label={label}
      type="password"
      autocomplete="new-password"
      hint={t.register.passwordHint(least)}
      onFocus={() => void load().catch(() => undefined)} // offline: without it
      onInput={(value) => {
        typed.current = value
        rate()
      }}
      below={
        <div class="strength" data-score={score ?? ''}>
          <meter min={0} max={4} value={score ?? 0} aria-label={t.strength.label} />
          <output aria-live="polite">{score === null ? '' : t.strength.words[score]}</output>
        </div>
      }
    />
  )
}
