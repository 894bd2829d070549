import { Link } from 'wouter-preact'

import type { User } from '../session'
import { useSettings } from '../settings'
import { day, t } from '../texts'
import { Page } from '../ui'

// Overview is what the account is, each with the way to change it.
export function Overview({ user }: { user: User }) {
  const settings = useSettings()
  const rows: [string, string, string][] = [
    [t.account.email, user.email, '/email'],
    ...(settings.usernames ? ([[t.account.username, user.username ?? t.account.none, '/username']] as [string, string, string][]) : []),
    [t.account.password, '••••••••', '/password'],
  ]
  return (
    <Page title={t.account.hello(user.name)}>
      <p class="hint">{t.account.since(day(user.createdAt))}</p>
      {!user.emailVerified && (
        <p class="notice">
          {t.account.unverified} <Link href="/forgotten">{t.forgotten.button}</Link>
        </p>
      )}
      <dl class="rows">
        {rows.map(([name, value, at]) => (
          <div key={at}>
            <dt>{name}</dt>
            <dd>
              <span>{value}</span>
              <Link href={at} aria-label={`${t.account.change}: ${name}`}>
                {t.account.change}
              </Link>
            </dd>
          </div>
        ))}
      </dl>
    </Page>
  )
}
