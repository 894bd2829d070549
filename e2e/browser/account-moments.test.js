// The pages for users at the worst moment: answers that come late, a server that
// has no time, links and people in the place of others. The server registers
// without letters, has no usernames, and soon wants the password again.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { accessible, met, password, server } from './account.js'

async function joins(person, email, name) {
  const { page } = person
  await page.goto('/account/register')
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await person.press('Create the account')
  await person.heading(`Hello, ${name}`).waitFor()
}

// asks asks the server, from nowhere near the browser.
async function asks(query, token) {
  const answer = await fetch(`http://${server.at}/graphql`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }, body: JSON.stringify({ query }),
  })
  return (await answer.json()).data
}

// ages takes the access token away, as its time does.
const ages = (person) => person.context.clearCookies({ name: 'gatehouse-access' })

// late holds the answers to a document back, from now on, until it is let go. The
// first has come from the server once asked is fulfilled.
async function late(page, operation) {
  const held = deferred()
  const asked = deferred()
  await page.route('**/graphql', async (route) => {
    if (!route.request().postData()?.includes(operation)) {
      return route.fallback()
    }
    const response = await route.fetch({ url: `http://${server.at}/graphql` })
    asked.resolve()
    await held.promise
    return route.fulfill({ response })
  })
  return { asked: asked.promise, letGo: held.resolve }
}

function deferred() {
  const made = {}
  made.promise = new Promise((resolve) => (made.resolve = resolve))
  return made
}

// settled gives what must not happen the time to happen.
const settled = (page) => page.waitForTimeout(500)

test('a tab that learns late that nobody was signed in signs nobody out', async () => {
  const ada = await met({ locale: 'en-GB' }, async (ada) => {
    await joins(ada, 'ada@example.org', 'Ada')
    // The cookies stay, and are good for nothing.
    const { login } = await asks(`mutation { login(input: {identifier: "ada@example.org", password: "${password}"}) { ... on SignedIn { tokens { accessToken } } } }`)
    await asks('mutation { revokeOtherSessions { sessionsEnded } }', login.tokens.accessToken)
    await ada.heading('Sign in').waitFor()
    const other = await ada.context.newPage()
    const { asked, letGo } = await late(other, 'refresh(')
    await other.goto('/account/')
    await asked
    await ada.signsInHere('ada@example.org')
    await ada.heading('Hello, Ada').waitFor()
    const answered = other.waitForResponse((r) => r.request().postData()?.includes('refresh('))
    letGo()
    await answered
    await other.getByRole('heading', { name: 'Hello, Ada' }).waitFor()
    await settled(ada.page)
    await ada.heading('Hello, Ada').waitFor({ timeout: 1_000 })
  })
  await ada.leaves()
})

test('who signed out is not shown again by an answer that comes late', async () => {
  const grace = await met({ locale: 'en-GB' }, async (grace) => {
    const { page } = grace
    await joins(grace, 'grace@example.org', 'Grace')
    const other = await grace.context.newPage()
    await other.goto('/account/profile')
    const { asked, letGo } = await late(page, 'query Me')
    await other.getByLabel('Name').fill('Grace Hopper')
    await other.getByRole('button', { name: 'Save' }).click()
    await asked
    await grace.press('Sign out')
    await page.getByText('You are signed out.').waitFor()
    letGo()
    await settled(page)
    await page.getByText('You are signed out.').waitFor({ timeout: 1_000 })
  })
  await grace.leaves()
})

test('a session is renewed whatever the clock was before', async () => {
  const mary = await met({ locale: 'en-GB' }, async (mary) => {
    await joins(mary, 'mary@example.org', 'Mary')
    await mary.page.evaluate(() => localStorage.setItem('gatehouse-renewed', String(Date.now() + 86_400_000)))
    await ages(mary)
    await mary.page.reload()
    await mary.heading('Hello, Mary').waitFor({ timeout: 5_000 })
  })
  await mary.leaves()
})

test('a server that has no time to renew signs nobody out', async () => {
  const lise = await met({ locale: 'en-GB' }, async (lise) => {
    const { page } = lise
    await joins(lise, 'lise@example.org', 'Lise')
    const shed = (route) => (route.request().postData()?.includes('refresh(')
      ? route.fulfill({ status: 503, json: { errors: [{ message: 'shed', extensions: { code: 'OVERLOADED', retryAfter: 2 } }] } })
      : route.fallback())
    await page.route('**/graphql', shed)
    await ages(lise)
    await lise.visits('Devices')
    await page.getByText('There is much to do at the moment.').waitFor()
    await page.reload()
    await page.getByText('There is much to do at the moment.').waitFor()
    await page.getByRole('button', { name: /^Again in \d s$/ }).waitFor()
    await page.unroute('**/graphql', shed)
    await lise.press('Try again')
    await page.getByText('This device').waitFor()
  })
  await lise.leaves(/status of 503/)
})

test('a link that is opened in the place of another is the one that counts', async () => {
  const rosa = await met({ locale: 'en-GB' }, async ({ page }) => {
    for (const token of ['a', 'b']) {
      await page.goto(`/account/reset#token=${token.repeat(43)}`)
      await page.getByText('The link is no longer good').waitFor({ state: 'detached' })
      await page.getByLabel('New password').fill('eight quiet harbours')
      const [request] = await Promise.all([
        page.waitForRequest((r) => r.postData()?.includes('resetPassword(')),
        page.getByRole('button', { name: 'Set the password' }).click(),
      ])
      assert.ok(request.postData().includes(token.repeat(43)), request.postData())
      await page.getByText('The link is no longer good').waitFor()
    }
  })
  await rosa.leaves()
})

test('who goes back from the app is not sent there again', async () => {
  const hedy = await met({ locale: 'en-GB' }, async (hedy) => {
    const { page } = hedy
    await joins(hedy, 'hedy@example.org', 'Hedy')
    await hedy.press('Sign out')
    await page.goto('/reset?from=before')
    await page.goto(`/account/?returnTo=${encodeURIComponent(`${server.origin}/reset?from=after`)}`)
    await hedy.signsInHere('hedy@example.org')
    await page.waitForURL('**/reset?from=after')
    await page.goBack()
    await page.waitForURL('**/reset?from=before', { timeout: 5_000 })
  })
  await hedy.leaves()
})

test('the password is asked for once for all that wants it, and each time anew', async () => {
  const joan = await met({ locale: 'en-GB' }, async (joan) => {
    const { page } = joan
    await joins(joan, 'joan@example.org', 'Joan')
    await joan.visits('Your data')
    await page.waitForTimeout(2_000)
    const dialog = page.getByRole('dialog')
    const download = page.getByRole('button', { name: 'Download' })
    await download.click()
    await dialog.getByLabel('Password', { exact: true }).fill('not this one at all')
    await dialog.getByRole('button', { name: 'Go on' }).click()
    await dialog.getByRole('alert').waitFor()
    await accessible(page, 'the password, refused')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Nothing was changed: the password was not given.').waitFor()
    // Both are on their way before the password is asked for.
    await page.getByLabel(/^Type joan@example.org/).fill('joan@example.org')
    const { asked, letGo } = await late(page, 'mutation ExportAccount')
    await download.click()
    await asked
    await joan.press('Delete the account for good')
    await dialog.waitFor()
    assert.equal(await dialog.getByRole('alert').count(), 0)
    letGo()
    await settled(page)
    await page.keyboard.press('Escape')
    await page.getByText('Nothing was changed: the password was not given.').nth(1).waitFor({ timeout: 5_000 })
    assert.equal(await page.getByRole('button', { name: 'One moment' }).count(), 0)
  })
  await joan.leaves()
})

test('a page that was kept shows nothing of who has left, and follows who comes', async () => {
  const vera = await met({ locale: 'en-GB' }, async (vera) => {
    const { page, context } = vera
    await joins(vera, 'emmy@example.org', 'Emmy')
    await vera.press('Sign out')
    await joins(vera, 'vera@example.org', 'Vera')
    await vera.visits('Devices')
    await page.getByText('This device').waitFor()
    // An app that shares the cookies signs somebody else in.
    await page.evaluate(({ password }) => fetch('/graphql', {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: `mutation { login(input: {identifier: "emmy@example.org", password: "${password}", transport: COOKIE}) { __typename } }` }),
    }), { password })
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await vera.visits('Profile')
    await page.waitForFunction(() => document.querySelector('input[name=name]')?.value === 'Emmy', undefined, { timeout: 5_000 })
    await context.clearCookies()
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
    await vera.heading('Sign in').waitFor({ timeout: 5_000 })
  })
  await vera.leaves()
})

test('a stream that held for long is soon taken up again', async () => {
  const irene = await met({ locale: 'en-GB' }, async (irene) => {
    const { page, context } = irene
    await page.clock.install()
    let asked = 0
    let held
    await context.route('**/graphql', (route) => {
      if (!route.request().headers().accept?.startsWith('text/event-stream')) {
        return route.fallback()
      }
      return ++asked === 6 ? held = route : route.abort()
    })
    await joins(irene, 'irene@example.org', 'Irene')
    const comes = async (n, most) => {
      for (let i = 0; asked < n; i++) {
        assert.ok(i < most, `it does not come the ${n}th time`)
        await page.clock.runFor(1_000)
        await settled(page)
      }
    }
    await comes(6, 80)
    await page.clock.runFor(120_000)
    await held.abort()
    await settled(page)
    await comes(7, 4)
  })
  await irene.leaves(/ERR_FAILED/, /failed/)
})

test('without usernames there are no pages of theirs', async () => {
  const nobody = await met({ locale: 'en-GB' }, async (nobody) => {
    for (const path of ['forgotten-username', 'reset-username']) {
      await nobody.page.goto(`/account/${path}`)
      await nobody.heading('Sign in').waitFor({ timeout: 5_000 })
    }
  })
  await nobody.leaves()
})
