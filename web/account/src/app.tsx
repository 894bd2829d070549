// The application: who is signed in decides which pages there are.
import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Link, Route, Router, Switch, useLocation } from 'wouter-preact'

import { ask } from './client'
import { Settings as SettingsDocument } from './documents'
import { Activate } from './pages/activate'
import { Data } from './pages/data'
import { Forgotten, ForgottenUsername } from './pages/forgotten'
import { ConfirmEmailPage, DeclinePage, ResetPage, ResetUsernamePage, RevertEmailPage } from './pages/links'
import { Overview } from './pages/overview'
import { Password } from './pages/password'
import { Email, Profile, Username } from './pages/profile'
import { Register } from './pages/register'
import { Sessions } from './pages/sessions'
import { SignIn } from './pages/sign_in'
import { tokenOf } from './link'
import { Refusal } from './refusal'
import { takeReturn } from './return_to'
import { find, signOut, useSession, type User } from './session'
import { SettingsContext, useSettings, type Settings } from './settings'
import { shell } from './shell'
import { t } from './texts'
import { useForm } from './form'
import { Fault, FormOf, Loading, Page, Submit } from './ui'
import { Prove } from './ui/prove'

export function App() {
  const [settings, setSettings] = useState<Settings | null>(null)
  const [refusal, setRefusal] = useState<Refusal | null>(null)

  async function begin(): Promise<void> {
    try {
      const [{ settings: offered }] = await Promise.all([ask(SettingsDocument, {}), find()])
      setSettings(offered)
      setRefusal(null)
    } catch (error) {
      setRefusal(error instanceof Refusal ? error : new Refusal('INTERNAL'))
    }
  }
  useEffect(() => void begin(), [])

  if (!settings) {
    return <main>{refusal ? <Unreachable refusal={refusal} again={begin} /> : <Loading />}</main>
  }
  return (
    <SettingsContext.Provider value={settings}>
      <Router base={shell.base}>
        <Offline />
        <Pages />
      </Router>
    </SettingsContext.Provider>
  )
}

function Unreachable({ refusal, again }: { refusal: Refusal; again: () => Promise<void> }) {
  const form = useForm(again, refusal)
  return (
    <>
      <Fault refusal={refusal} />
      <FormOf form={form}>
        <Submit form={form}>{t.tryAgain}</Submit>
      </FormOf>
    </>
  )
}

// Offline says so while it lasts.
function Offline() {
  const [online, setOnline] = useState(navigator.onLine)
  useEffect(() => {
    const look = () => setOnline(navigator.onLine)
    addEventListener('online', look)
    addEventListener('offline', look)
    return () => {
      removeEventListener('online', look)
      removeEventListener('offline', look)
    }
  }, [])
  return (
    <p class="offline" role="status">
      {online ? '' : t.offline}
    </p>
  )
}

// The pages of links are there for everybody, signed in or not, and stay as they
// are where what they do signs somebody out.
const linkPages: [string, ComponentType][] = [
  ['/decline', DeclinePage],
  ['/forgotten', Forgotten],
  ['/forgotten-username', ForgottenUsername],
  ['/reset', ResetPage],
  ['/reset-username', ResetUsernamePage],
  ['/confirm-email', ConfirmEmailPage],
  ['/revert-email', RevertEmailPage],
]

// useOpened is the token of the link that was opened last: where one is opened in
// the place of another, only what stands after # changes, and nothing is loaded.
function useOpened(): string {
  const [token, setToken] = useState(() => tokenOf())
  useEffect(() => {
    const look = () => setToken((last) => tokenOf() || last)
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [])
  return token
}

function Pages() {
  const session = useSession()
  const [path] = useLocation()
  const token = useOpened()
  const { usernames } = useSettings()
  const LinkPage = linkPages.find(([at]) => at === path && (usernames || !at.endsWith('-username')))?.[1]
  if (LinkPage && (session.kind === 'in' || session.kind === 'out')) {
    return (
      <main>
        <LinkPage key={token} />
      </main>
    )
  }
  switch (session.kind) {
    case 'unknown':
      return (
        <main>
          <Loading />
        </main>
      )
    case 'unreachable':
      return (
        <main>
          <Unreachable refusal={session.refusal} again={find} />
        </main>
      )
    case 'out':
      return (
        <main>
          <Switch>
            <Route path="/register" component={Register} />
            <Route path="/activate">
              <Activate key={token} />
            </Route>
            <Route>
              <SignIn key={session.reason} reason={path === '/' || session.reason ? session.reason : ''} />
            </Route>
          </Switch>
        </main>
      )
    case 'in':
      return <SignedIn key={session.user.id} user={session.user} />
  }
}

const places = [
  ['/', 'overview'],
  ['/profile', 'profile'],
  ['/email', 'email'],
  ['/username', 'username'],
  ['/password', 'password'],
  ['/sessions', 'sessions'],
  ['/data', 'data'],
] as const

function SignedIn({ user }: { user: User }) {
  const settings = useSettings()
  const [path, go] = useLocation()
  const form = useForm(signOut)
  useEffect(() => {
    const back = takeReturn()
    if (back) {
      // In place of this page: whoever goes back from there would be sent there again.
      location.replace(back)
      return
    }
    // What belongs to signing in is over.
    if (path === '/register' || path === '/activate') {
      go('/', { replace: true })
    }
  }, [path])
  // On a telephone the list of places is wider than the screen.
  const nav = useRef<HTMLElement>(null)
  useEffect(() => nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [path])
  return (
    <div class="house">
      <a class="skip" href="#content">
        {t.account.skip}
      </a>
      <nav ref={nav} aria-label={t.account.nav}>
        <ul>
          {places
            .filter(([at]) => settings.usernames || at !== '/username')
            .map(([at, name]) => (
              <li key={at}>
                <Link href={at} aria-current={path === at ? 'page' : undefined}>
                  {t.account[name]}
                </Link>
              </li>
            ))}
        </ul>
        <FormOf form={form} label={t.account.signOut}>
          <Submit form={form} kind="plain">
            {t.account.signOut}
          </Submit>
        </FormOf>
      </nav>
      <main id="content" tabIndex={-1}>
        <Switch>
          <Route path="/">
            <Overview user={user} />
          </Route>
          <Route path="/profile">
            <Profile user={user} />
          </Route>
          <Route path="/email">
            <Email user={user} />
          </Route>
          {settings.usernames && (
            <Route path="/username">
              <Username user={user} />
            </Route>
          )}
          <Route path="/password">
            <Password user={user} />
          </Route>
          <Route path="/sessions" component={Sessions} />
          <Route path="/data">
            <Data user={user} />
          </Route>
          <Route>
            <Page title={t.notFound.title}>
              <p>{t.notFound.lead}</p>
              <p>
                <Link href="/">{t.notFound.home}</Link>
              </p>
            </Page>
          </Route>
        </Switch>
      </main>
      <Prove email={user.email} />
    </div>
  )
}
