import { useState } from 'preact/hooks'

import { ask } from '../client'
import { ChangePassword } from '../documents'
import { text, useForm } from '../form'
import type { User } from '../session'
import { shell } from '../shell'
import { t } from '../texts'
import { Done, Field, FormOf, Page, Submit } from '../ui'
import { NewPassword } from '../ui/new_password'

export function Password({ user }: { user: User }) {
  const [ended, setEnded] = useState<number | null>(null)
  const form = useForm(async (fields) => {
    setEnded(null)
    const { changePassword } = await ask(ChangePassword, {
      input: { currentPassword: text(fields, 'currentPassword'), newPassword: text(fields, 'newPassword') },
    })
    form.ref.current?.reset()
    setEnded(changePassword.sessionsEnded)
  })
  const wrong = form.refusal?.code === 'INVALID_CREDENTIALS'
  return (
    <Page title={t.password.title}>
      <p>{t.password.lead}</p>
      {ended !== null && <Done>{t.password.done(ended)}</Done>}
      <FormOf form={form} said={wrong ? t.password.wrong : undefined}>
        {/* So that password managers know whose it is. */}
        <input type="text" name="username" autocomplete="username" value={user.email} hidden readOnly />
        <Field form={form} name="currentPassword" label={t.password.current} type="password" autocomplete="current-password" fault={wrong ? t.password.wrong : undefined} />
        <NewPassword form={form} name="newPassword" label={t.password.field} known={[user.email, user.name, user.username ?? '', shell.brand]} />
        <Submit form={form}>{t.password.button}</Submit>
      </FormOf>
    </Page>
  )
}
