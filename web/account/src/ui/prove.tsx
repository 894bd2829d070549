// The password once more, for what wants a recent sign-in. What was asked for
// waits meanwhile, and goes on by itself.
import { useEffect, useRef, useState } from 'preact/hooks'

import { proveBy, reauthenticate } from '../client'
import { text, useForm } from '../form'
import { t } from '../texts'
import { Field, FormOf, Submit } from '.'

type Answer = (proved: string | null) => void

export function Prove({ email }: { email: string }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [answer, setAnswer] = useState<{ give: Answer } | null>(null)

  useEffect(() => {
    proveBy(() => new Promise((give) => setAnswer({ give })))
    return () => proveBy(undefined)
  }, [])
  useEffect(() => {
    if (answer) {
      dialog.current?.showModal()
    }
  }, [answer])

  function close(proved: string | null): void {
    answer?.give(proved)
    dialog.current?.close()
    setAnswer(null)
  }
  const form = useForm(async (fields) => {
    await reauthenticate(text(fields, 'password'))
    close('')
  })
  if (!answer) {
    return null
  }
  const wrong = form.refusal?.code === 'INVALID_CREDENTIALS'
  return (
    <dialog ref={dialog} aria-labelledby="prove-title" onCancel={() => close(null)}>
      <h2 id="prove-title">{t.prove.title}</h2>
      <p>{t.prove.lead}</p>
      <FormOf form={form} said={wrong ? t.prove.wrong : undefined}>
        <input type="text" name="username" autocomplete="username" value={email} hidden readOnly />
        <Field form={form} name="password" label={t.signIn.password} type="password" autocomplete="current-password" fault={wrong ? t.prove.wrong : undefined} autoFocus />
        <div class="buttons">
          <Submit form={form}>{t.prove.button}</Submit>
          <button type="button" class="plain" onClick={() => close(null)}>
            {t.prove.cancel}
          </button>
        </div>
      </FormOf>
    </dialog>
  )
}
