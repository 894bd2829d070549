import { useState } from 'preact/hooks'

import { ask } from '../client'
import { ChangeUsername, RequestEmailChange, UpdateProfile } from '../documents'
import { optional, text, useForm } from '../form'
import { changed, type User } from '../session'
import { useSettings } from '../settings'
import { shell } from '../shell'
import { t } from '../texts'
import { Done, Field, FormOf, Page, Submit } from '../ui'

// Profile is what the user says of themselves.
export function Profile({ user }: { user: User }) {
  const needed = new Set(useSettings().requiredProfileFields)
  const [done, setDone] = useState(false)
  const form = useForm(async (fields) => {
    setDone(false)
    const { updateProfile } = await ask(UpdateProfile, {
      input: {
        name: optional(fields, 'name'),
        phone: optional(fields, 'phone'),
        avatarUrl: optional(fields, 'avatarUrl'),
        // A language that is none of ours stays as it is.
        ...(fields.has('locale') ? { locale: text(fields, 'locale') } : {}),
      },
    })
    const { name, phone, avatarUrl, locale } = updateProfile.user
    changed({ name, phone: phone ?? null, avatarUrl: avatarUrl ?? null, locale })
    setDone(true)
  })
  const known = Object.entries(t.profile.languages)
  const language = known.find(([tag]) => user.locale.startsWith(tag))?.[0]
  return (
    <Page title={t.profile.title}>
      {done && <Done>{t.profile.done}</Done>}
      <FormOf form={form}>
        <Field form={form} name="name" label={t.register.name} autocomplete="name" value={user.name} required={needed.has('name')} />
        <Field form={form} name="phone" label={t.register.phone} hint={t.register.phoneHint} type="tel" autocomplete="tel" value={user.phone ?? ''} required={needed.has('phone')} />
        <Field form={form} name="avatarUrl" label={t.register.avatarUrl} hint={t.register.avatarHint} type="url" autocomplete="photo" value={user.avatarUrl ?? ''} required={needed.has('avatarUrl')} />
        {language && (
          <div class="field">
            <label for="locale">{t.profile.language}</label>
            <select id="locale" name="locale" defaultValue={language} lang={shell.language}>
              {known.map(([tag, name]) => (
                <option key={tag} value={tag === language ? user.locale : tag} selected={tag === language}>
                  {name}
                </option>
              ))}
            </select>
          </div>
        )}
        <Submit form={form}>{t.profile.button}</Submit>
      </FormOf>
    </Page>
  )
}

export function Email({ user }: { user: User }) {
  const [sent, setSent] = useState('')
  const form = useForm(async (fields) => {
    const { requestEmailChange } = await ask(RequestEmailChange, { input: { newEmail: text(fields, 'newEmail').trim() } })
    setSent(requestEmailChange.newEmail)
  })
  return (
    <Page title={t.email.title}>
      <p>{t.email.now(user.email)}</p>
      {sent ? (
        <Done>{t.email.done(sent)}</Done>
      ) : (
        <FormOf form={form}>
          <Field form={form} name="newEmail" label={t.email.field} type="email" autocomplete="email" />
          <Submit form={form}>{t.email.button}</Submit>
        </FormOf>
      )}
    </Page>
  )
}

export function Username({ user }: { user: User }) {
  const [done, setDone] = useState(false)
  const form = useForm(async (fields) => {
    setDone(false)
    const { changeUsername } = await ask(ChangeUsername, { input: { username: text(fields, 'username').trim() } })
    changed({ username: changeUsername.user.username ?? null })
    setDone(true)
  })
  return (
    <Page title={t.username.title}>
      <p>{user.username ? t.username.now(user.username) : t.username.none}</p>
      {done && <Done>{t.username.done}</Done>}
      <FormOf form={form}>
        <Field form={form} name="username" label={t.username.field} hint={t.register.usernameHint} autocomplete="username" />
        <Submit form={form}>{t.username.button}</Submit>
      </FormOf>
    </Page>
  )
}
