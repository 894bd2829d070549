// The password once more, for what wants a recent sign-in. What was asked for
// waits meanwhile, and goes on by itself.
import { useEffect, useRef, useState } from 'preact/hooks'

import { proveBy, reauthenticate } from '../client'
import { text, useForm } from '../form'
import { t } from '../texts'
import { Field, FormOf, Submit } from '.'

interface Question {
  number: number
  answer: (proved: boolean) => void
}

export function Prove({ email }: { email: string }) {
  const [question, setQuestion] = useState<Question | null>(null)

  useEffect(() => {
    let number = 0
    proveBy(async () => {
      try {
        return await new Promise((answer) => setQuestion({ number: ++number, answer }))
      } finally {
        setQuestion(null)
      }
    })
    return () => proveBy(undefined)
  }, [])
  // Each time anew: what was refused the last time is no answer to this one.
  return question && <Dialog key={question.number} email={email} answer={question.answer} />
}

function Dialog({ email, answer }: { email: string; answer: (proved: boolean) => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])

  function close(proved: boolean): void {
    dialog.current?.close() // puts the focus back
    answer(proved)
  }
  const form = useForm(async (fields) => {
    await reauthenticate(text(fields, 'password'))
    close(true)
  })
  const wrong = form.refusal?.code === 'INVALID_CREDENTIALS'
  return (
    <dialog ref={dialog} aria-labelledby="prove-title" onCancel={() => close(false)}>
      <h2 id="prove-title">{t.prove.title}</h2>
      <p>{t.prove.lead}</p>
      <FormOf form={form} said={wrong ? t.prove.wrong : undefined}>
        <input type="text" name="username" autocomplete="username" value={email} hidden readOnly />
        <Field form={form} name="password" label={t.signIn.password} type="password" autocomplete="current-password" fault={wrong ? t.prove.wrong : undefined} autoFocus />
        <div class="buttons">
          <Submit form={form}>{t.prove.button}</Submit>
          <button type="button" class="plain" onClick={() => close(false)}>
            {t.prove.cancel}
          </button>
        </div>
      </FormOf>
    </dialog>
  )
}
