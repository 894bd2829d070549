import { useState } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'

import { ask } from '../client'
import { Register as Document } from '../documents'
import { optional, text, useForm } from '../form'
import { arrived } from '../session'
import { useSettings } from '../settings'
import { shell } from '../shell'
import { t } from '../texts'
import { Field, FormOf, Page, Submit } from '../ui'
import { NewPassword } from '../ui/new_password'
import { keepFlow } from './activate'

// Register asks for what the server asks for, and the name besides.
export function Register() {
  const settings = useSettings()
  const [, go] = useLocation()
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const needed = new Set(settings.requiredProfileFields)
  const form = useForm(async (fields) => {
    const { register } = await ask(Document, {
      input: {
        email: text(fields, 'email').trim(),
        password: text(fields, 'password'),
        name: optional(fields, 'name'),
        username: optional(fields, 'username'),
        phone: optional(fields, 'phone'),
        avatarUrl: optional(fields, 'avatarUrl'),
        locale: shell.language,
        transport: 'COOKIE',
      },
    })
    if (register.signedIn) {
      await arrived()
      return
    }
    keepFlow(register.email, register.flow ?? '')
    go('/activate')
  })
  if (!settings.registrationOpen) {
    return (
      <Page title={t.register.title}>
        <p>{t.register.closed}</p>
        <p>
          <Link href="/">{t.signIn.title}</Link>
        </p>
      </Page>
    )
  }
  return (
    <Page title={t.register.title}>
      <FormOf form={form}>
        <Field form={form} name="email" label={t.signIn.email} type="email" autocomplete="email" autoFocus onInput={setEmail} />
        <Field form={form} name="name" label={t.register.name} autocomplete="name" required={needed.has('name')} onInput={setName} />
        {settings.usernames && needed.has('username') && (
          <Field form={form} name="username" label={t.register.username} hint={t.register.usernameHint} autocomplete="username" />
        )}
        {needed.has('phone') && (
          <Field form={form} name="phone" label={t.register.phone} hint={t.register.phoneHint} type="tel" autocomplete="tel" />
        )}
        {needed.has('avatarUrl') && (
          <Field form={form} name="avatarUrl" label={t.register.avatarUrl} hint={t.register.avatarHint} type="url" autocomplete="photo" />
        )}
        <NewPassword form={form} name="password" label={t.register.password} known={[email, name, shell.brand]} />
        <Submit form={form}>{t.register.button}</Submit>
      </FormOf>
      <ul class="ways">
        <li>
          {t.register.already} <Link href="/">{t.signIn.title}</Link>
        </li>
      </ul>
    </Page>
  )
}
