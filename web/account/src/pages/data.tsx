import { useState } from 'preact/hooks'

import { ask } from '../client'
import { DeleteAccount, ExportAccount } from '../documents'
import { text, useForm } from '../form'
import { Refusal } from '../refusal'
import { gone, type User } from '../session'
import { t } from '../texts'
import { Done, Field, FormOf, Page, Submit } from '../ui'

// Data is what the user may take along, and the way out.
export function Data({ user }: { user: User }) {
  const [exported, setExported] = useState(false)
  const take = useForm(async () => {
    setExported(false)
    const { exportAccount } = await ask(ExportAccount, {})
    save(`account-${new Date().toISOString().slice(0, 10)}.json`, JSON.stringify(exportAccount.account, null, 2))
    setExported(true)
  })
  const remove = useForm(async (fields) => {
    if (text(fields, 'confirmation').trim().toLowerCase() !== user.email.toLowerCase()) {
      throw new Refusal('INVALID_INPUT', [{ path: ['confirmation'], code: 'MISMATCH' }])
    }
    await ask(DeleteAccount, {})
    gone('ACCOUNT_DELETED')
  })
  return (
    <Page title={t.data.title}>
      <section>
        <h2>{t.data.exportTitle}</h2>
        <p>{t.data.exportLead}</p>
        {exported && <Done>{t.data.exported}</Done>}
        <FormOf form={take} label={t.data.exportTitle}>
          <Submit form={take} kind="plain">
            {t.data.exportButton}
          </Submit>
        </FormOf>
      </section>
      <section class="last">
        <h2>{t.data.deleteTitle}</h2>
        <p>{t.data.deleteLead}</p>
        <FormOf form={remove} said={remove.refusal?.code === 'CONFLICT' ? t.data.last : undefined} label={t.data.deleteTitle}>
          <Field
            form={remove}
            name="confirmation"
            label={t.data.deleteConfirm(user.email)}
            autocomplete="off"
            fault={remove.refusal?.at('confirmation') ? t.data.mismatch : undefined}
          />
          <Submit form={remove} kind="danger">
            {t.data.deleteButton}
          </Submit>
        </FormOf>
      </section>
    </Page>
  )
}

function save(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
