// The pages for users in a real browser, against a server that was started for
// them: PLAYGROUND_ORIGIN is its name, PLAYGROUND_AT where it listens.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'

import { accessible, fits, met, password, Person, server } from './account.js'

const places = ['Overview', 'Profile', 'E-mail address', 'Username', 'Password', 'Devices', 'Your data']

test('somebody registers, is signed in by the digits, and out again', async () => {
  const ada = await met({ locale: 'en-GB' }, async (ada) => {
    const { page } = ada
    await ada.registers('ada@example.org', 'Ada Lovelace')
    // Loading the page again in the middle loses nothing.
    await page.reload()
    await page.getByText('ada@example.org').waitFor()
    assert.equal(await page.getByLabel('Six digits').getAttribute('autocomplete'), 'one-time-code')
    await accessible(page, 'activate')
    await ada.activates()
    const cookies = await ada.context.cookies()
    assert.deepEqual(cookies.map((c) => c.name).sort(), ['gatehouse-access', 'gatehouse-refresh'])
    for (const cookie of cookies) {
      assert.ok(cookie.httpOnly && cookie.sameSite === 'Strict' && cookie.path === '/' && cookie.domain === 'localhost', JSON.stringify(cookie))
    }
    assert.equal(await page.evaluate(() => document.cookie), '')
    for (const name of places) {
      await ada.visits(name === 'Overview' ? 'Profile' : name)
      if (name === 'Overview') {
        await page.getByRole('navigation').getByRole('link', { name }).click()
        await ada.heading('Hello, Ada Lovelace').waitFor()
      }
      await accessible(page, name)
      await fits(page, name)
    }
    await page.goBack()
    await ada.heading('Devices').waitFor()
    await page.goForward()
    await ada.heading('Your data').waitFor()
    await ada.press('Sign out')
    await page.getByText('You are signed out.').waitFor()
    assert.deepEqual(await ada.cookies(), [])
    await page.reload()
    await ada.heading('Sign in').waitFor()
  })
  await ada.leaves()
})

test('whoever is nobody yet finds every page in order', async () => {
  const visitor = await met({ locale: 'en-GB' }, async ({ page, press, heading, ...person }) => {
    for (const [path, title] of [
      ['', 'Sign in'], ['register', 'Create an account'], ['activate', 'Confirm your address'], ['forgotten', 'Forgotten password'],
      ['forgotten-username', 'Forgotten username'], ['reset', 'Choose a new password'], ['reset-username', 'Choose a username'],
      ['decline', 'This was not me'], ['confirm-email', 'Confirm your new address'], ['revert-email', 'Take your address back'],
      // The same with what looks like a link, and so with their forms.
      [`activate#token=${'a'.repeat(43)}`, 'Activate your account'], [`reset#token=${'a'.repeat(43)}`, 'Choose a new password'],
      [`reset-username#token=${'a'.repeat(43)}`, 'Choose a username'], [`confirm-email#token=${'a'.repeat(43)}`, 'Confirm your new address'],
      [`revert-email#token=${'a'.repeat(43)}`, 'Take your address back'],
    ]) {
      await page.goto(`/account/${path}`)
      await page.getByRole('heading', { name: title, level: 1 }).waitFor()
      await page.waitForFunction((title) => document.title.startsWith(title), title)
      await accessible(page, path)
      await fits(page, path)
    }
    await page.goto('/account/')
    const identifier = page.getByLabel('E-mail')
    await identifier.waitFor()
    assert.match(await identifier.getAttribute('autocomplete'), /^username webauthn$/)
    // By keyboard alone.
    await identifier.focus()
    await page.keyboard.type('nobody@example.org')
    await page.keyboard.press('Tab')
    await page.keyboard.type('wrong wrong wrong')
    await page.keyboard.press('Enter')
    const alert = page.getByRole('alert')
    await alert.waitFor()
    assert.match(await alert.innerText(), /There is no such account, or the password is wrong/)
    assert.ok(await alert.evaluate((element) => element.contains(document.activeElement)))
    await accessible(page, 'refused')
    // A field at fault is where the focus goes.
    await page.goto('/account/register')
    await page.getByLabel('E-mail address').fill('grace@example.org')
    await page.getByLabel('Password', { exact: true }).fill('short')
    await page.getByText(/weak$/).waitFor()
    await page.getByRole('button', { name: 'Create the account' }).click()
    const flawed = page.locator('[aria-invalid]')
    await flawed.waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true')
    const described = (await flawed.getAttribute('aria-describedby')).split(' ')[0]
    assert.match(await page.locator(`[id="${described}"]`).innerText(), /At least \d+ characters/)
    await accessible(page, 'register, refused')
  })
  await visitor.leaves()
})

test('whoever registered twice in one tab activates either by its link', async () => {
  const lise = await met({ locale: 'en-GB' }, async (lise) => {
    const { page } = lise
    await lise.registers('lise@example.org', 'Lise')
    await lise.registers('meitner@example.org', 'Lise Meitner')
    const mailbox = await lise.reads('Activate your account', 'lise@example.org')
    const link = await mailbox.letter.locator('a[href*="/activate?"]').first().getAttribute('href')
    await mailbox.page.close()
    await page.goto(`/account/activate#token=${new URL(link).searchParams.get('token')}`)
    await lise.press('Confirm and sign in')
    await page.getByLabel('The password that you chose').fill(password)
    await lise.press('Confirm and sign in')
    await lise.heading('Hello, Lise').waitFor()
    assert.ok(!page.url().includes('token'), page.url())
  })
  await lise.leaves()
})

test('whoever did not register has the registration removed', async () => {
  const stranger = await met({ locale: 'en-GB' }, (stranger) => stranger.registers('hedy@example.org', 'Hedy'))
  const hedy = await met({ locale: 'en-GB' }, async (hedy) => {
    const { page } = hedy
    const mailbox = await hedy.reads('Activate your account', 'hedy@example.org')
    const digits = await mailbox.digits()
    const link = await mailbox.letter.locator('a[href*="/decline?"]').getAttribute('href')
    await mailbox.page.close()
    await page.goto(`/account/decline#token=${new URL(link).searchParams.get('token')}`)
    await page.getByText('Nothing has happened yet.').waitFor()
    await accessible(page, 'decline')
    await hedy.press('This was not me: remove it')
    await page.getByText('The registration is removed.').waitFor()
    assert.ok(!page.url().includes('token'), page.url())
    await page.goto('/account/')
    await page.goto(`/account/decline#token=${new URL(link).searchParams.get('token')}`)
    await hedy.press('This was not me: remove it')
    await page.getByText('Perhaps the registration was removed or activated already.').waitFor()
    await stranger.page.getByLabel('Six digits').fill(digits)
    await stranger.press('Confirm and sign in')
    await stranger.page.getByText('These digits are wrong, or their time is over.').waitFor()
  })
  await stranger.leaves()
  await hedy.leaves()
})

test('the pages speak German to whoever likes that best', async () => {
  const visitor = await met({ locale: 'de-AT', viewport: { width: 375, height: 812 } }, async ({ page }) => {
    await page.goto('/account/')
    await page.getByRole('heading', { name: 'Anmelden' }).waitFor()
    await page.getByRole('link', { name: 'Konto anlegen' }).click()
    await page.getByRole('heading', { name: 'Konto anlegen' }).waitFor()
    assert.equal(await page.locator('html').getAttribute('lang'), 'de')
  })
  await visitor.leaves()
})

test('without a script a page leads to one that needs none', async () => {
  const visitor = await met({ locale: 'en-GB', javaScriptEnabled: false }, async ({ page }) => {
    await page.goto('/account/')
    await page.locator('noscript a').click()
    assert.equal(new URL(page.url()).pathname, '/reset')
  })
  await visitor.leaves()
})

test('who was sent here by an app goes back there, and nowhere else', async () => {
  const grace = await met({ locale: 'en-GB' }, async (grace) => {
    await grace.registers('grace@example.org', 'Grace Hopper')
    await grace.activates()
    await grace.press('Sign out')
    for (const [asked, reached] of [
      [`${server.origin}/reset?from=app`, `${server.origin}/reset?from=app`],
      ['https://evil.example/', `${server.origin}/account/`], [`${server.origin}.evil.example/`, `${server.origin}/account/`],
      [`http://user@${new URL(server.origin).host}/reset`, `${server.origin}/account/`], ['javascript:alert(1)', `${server.origin}/account/`],
    ]) {
      await grace.page.goto(`/account/?returnTo=${encodeURIComponent(asked)}`)
      await grace.page.getByLabel('E-mail').fill('grace@example.org')
      await grace.page.getByLabel('Password', { exact: true }).fill(password)
      await grace.press('Sign in')
      if (asked === reached) {
        await grace.page.waitForURL(reached)
        await grace.page.goto('/account/')
      }
      await grace.heading(/^Hello/).waitFor()
      assert.ok(grace.page.url().startsWith(`${server.origin}/account`), grace.page.url())
      await grace.press('Sign out')
      await grace.heading('Sign in').waitFor()
    }
  })
  await grace.leaves()
})

test('a device is signed out from another, and leaves at once', async () => {
  const here = await met({ locale: 'en-GB' }, async (here) => {
    await here.registers('mary@example.org', 'Mary')
    await here.activates()
    const there = await met({ locale: 'en-GB' }, async (there) => {
      const begun = there.page.waitForResponse((r) => r.headers()['content-type']?.startsWith('text/event-stream'))
      await there.signsIn('mary@example.org')
      await there.heading('Hello, Mary').waitFor()
      await begun
      await here.visits('Devices')
      await here.page.getByText('This device').waitFor()
      assert.equal(await here.page.locator('.sessions li').count(), 2)
      await here.press('Sign out everywhere else')
      await here.page.getByText('One device is signed out.').waitFor()
      await there.page.getByText('This device was signed out from another one.').waitFor()
      await here.page.locator('.sessions li').nth(1).waitFor({ state: 'detached' })
    })
    await there.leaves()
  })
  await here.leaves()
})

test('somebody looks after the account, takes a copy along and deletes it', async () => {
  const joan = await met({ locale: 'en-GB' }, async (joan) => {
    const { page } = joan
    await joan.registers('joan@example.org', 'Joan')
    await joan.activates()
    await joan.visits('Profile')
    await page.getByLabel('Name').fill('Joan Clarke')
    await page.getByLabel('Phone number').fill('1')
    await joan.press('Save')
    await page.locator('[aria-invalid]').waitFor()
    await page.getByLabel('Phone number').fill('+44 20 7946 0958')
    await joan.press('Save')
    await page.getByText('Saved.').waitFor()

    await joan.visits('Username')
    await page.getByLabel('New username').fill('joan')
    await joan.press('Change the username')
    await page.getByText('Your username is joan.').waitFor()

    await joan.visits('Password')
    await page.getByLabel('Current password').fill('not this one at all')
    await page.getByLabel('New password').fill('eight quiet harbours')
    await joan.press('Change the password')
    await page.locator('[aria-invalid]').waitFor()
    await page.getByLabel('Current password').fill(password)
    await page.getByLabel('New password').fill('eight quiet harbours')
    await joan.press('Change the password')
    await page.getByText('Your password is changed.').waitFor()

    // The address moves by a letter, whose token the application takes after #.
    await joan.visits('E-mail address')
    await page.getByLabel('New address').fill('clarke@example.org')
    await joan.press('Send the link')
    await page.getByText('is on its way to clarke@example.org').waitFor()
    const mailbox = await joan.reads(/Confirm your new address/, 'clarke@example.org')
    const link = await mailbox.letter.locator('a[href*="/confirm-email"]').first().getAttribute('href')
    await mailbox.page.close()
    await page.goto(`/account/confirm-email#token=${new URL(link).searchParams.get('token')}`)
    await joan.press('Confirm the address')
    await page.getByText('Your account goes by clarke@example.org now.').waitFor()
    assert.ok(!page.url().includes('token'), page.url())
    await page.getByRole('link', { name: 'To the account' }).click()

    await joan.visits('Your data')
    const [download] = await Promise.all([page.waitForEvent('download'), joan.press('Download')])
    const exported = JSON.parse(await readFile(await download.path(), 'utf8'))
    assert.ok(JSON.stringify(exported).includes('clarke@example.org'))
    await page.getByLabel(/^Type clarke@example.org/).fill('joan@example.org')
    await joan.press('Delete the account for good')
    await page.getByText('This is not the address of the account.').waitFor()
    await page.getByLabel(/^Type clarke@example.org/).fill('clarke@example.org')
    await joan.press('Delete the account for good')
    await page.getByText('Your account is deleted. Farewell.').waitFor()
    assert.deepEqual(await joan.cookies(), [])
    await joan.signsIn('clarke@example.org', 'eight quiet harbours')
    await page.getByText('There is no such account').waitFor()
  })
  await joan.leaves(/download/)
})

test('a forgotten password is chosen anew by a letter', async () => {
  const rosa = await met({ locale: 'en-GB' }, async (rosa) => {
    const { page } = rosa
    await rosa.registers('rosa@example.org', 'Rosa')
    await rosa.activates()
    await rosa.press('Sign out')
    await page.getByRole('link', { name: 'Forgotten your password?' }).click()
    await page.getByLabel('E-mail address').fill('rosa@example.org')
    await rosa.press('Send the link')
    await page.getByText('If rosa@example.org belongs to an account').waitFor()
    const mailbox = await rosa.reads(/password/i, 'rosa@example.org')
    const link = await mailbox.letter.locator('a[href*="/reset"]').first().getAttribute('href')
    await mailbox.page.close()
    await page.goto(`/account/reset#token=${new URL(link).searchParams.get('token')}`)
    await page.getByLabel('New password').fill('eight quiet harbours')
    await rosa.press('Set the password')
    await page.getByText('Your password is changed, and every device is signed out.').waitFor()
    await rosa.signsIn('rosa@example.org', 'eight quiet harbours')
    await rosa.heading('Hello, Rosa').waitFor()
    // Whoever is signed in meanwhile is signed out by it, and reads why.
    await page.goto('/account/forgotten')
    await page.getByLabel('E-mail address').fill('rosa@example.org')
    await rosa.press('Send the link')
    await page.getByText('If rosa@example.org belongs to an account').waitFor()
    let fresh = link
    for (let i = 0; fresh === link; i++) {
      assert.ok(i < 100, 'no other letter has come')
      const { letter, page } = await rosa.reads(/^Choose a new password/, 'rosa@example.org')
      fresh = await letter.locator('a[href*="/reset"]').first().getAttribute('href')
      await page.close()
    }
    await page.goto(`/account/reset#token=${new URL(fresh).searchParams.get('token')}`)
    await page.getByLabel('New password').fill('nine heavy anchors')
    await rosa.press('Set the password')
    await page.getByText('Your password is changed, and every device is signed out.').waitFor()
    assert.deepEqual(await page.getByRole('navigation').count(), 0)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByText('The password was reset. Sign in with the new one.').waitFor()
  })
  await rosa.leaves()
})

// The page of a stranger is on another site: 127.0.0.1 is not localhost to a
// browser. It tries what a page can, with the cookies of whoever opens it.
test('the page of a stranger changes nothing by the cookies of its reader', async () => {
  const stranger = createServer((request, response) => response.setHeader('Content-Type', 'text/html').end('<h1>Kittens</h1>'))
  stranger.listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  const victim = await Person.comes({ locale: 'en-GB' })
  try {
    const { page, context } = victim
    await victim.registers('vera@example.org', 'Vera')
    await victim.activates()
    const before = await victim.cookies()
    const evil = await context.newPage()
    await evil.goto(`http://127.0.0.1:${stranger.address().port}/`)
    const tried = await evil.evaluate(async (endpoint) => {
      const documents = [
        'mutation { logout { sessionsEnded } }', 'mutation { refresh { __typename } }', 'mutation { deleteAccount { email } }',
        'mutation { login(input: {identifier: "vera@example.org", password: "seven bright lanterns", transport: COOKIE}) { __typename } }',
        'mutation { register(input: {email: "evil@example.org", password: "nine heavy anchors", transport: COOKIE}) { email } }',
      ]
      let read = 0
      for (const query of documents) {
        const body = JSON.stringify({ query })
        for (const options of [
          { headers: { 'Content-Type': 'application/json' } }, { headers: { 'Content-Type': 'text/plain' } },
          { mode: 'no-cors', headers: { 'Content-Type': 'text/plain' } }, { mode: 'no-cors', body: new URLSearchParams({ query }) },
        ]) {
          const answer = await fetch(endpoint, { method: 'POST', credentials: 'include', body, ...options }).catch(() => null)
          read += answer && answer.type !== 'opaque' ? 1 : 0
        }
        await fetch(`${endpoint}?query=${encodeURIComponent(query)}`, { mode: 'no-cors', credentials: 'include' }).catch(() => null)
      }
      return { read, documents }
    }, `${server.origin}/graphql`)
    assert.equal(tried.read, 0, 'a stranger reads an answer')
    // And forms, whose answers would replace the stranger's page.
    for (const query of tried.documents) {
      for (const enctype of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
        await evil.goto(`http://127.0.0.1:${stranger.address().port}/`)
        await Promise.all([
          evil.waitForURL(`${server.origin}/graphql`),
          evil.evaluate(({ endpoint, query, enctype }) => {
            const form = Object.assign(document.createElement('form'), { method: 'post', action: endpoint, enctype })
            const name = enctype === 'text/plain' ? `{"query":${JSON.stringify(query)},"x":"` : 'query'
            form.append(Object.assign(document.createElement('input'), { name, value: enctype === 'text/plain' ? '"}' : query }))
            document.body.append(form)
            form.submit()
          }, { endpoint: `${server.origin}/graphql`, query, enctype }),
        ])
        assert.doesNotMatch(await evil.locator('body').innerText(), /"data":\s*\{/)
      }
    }
    assert.deepEqual(await victim.cookies(), before)
    await page.reload()
    await victim.heading('Hello, Vera').waitFor()
    await victim.visits('Devices')
    await page.locator('.sessions li').first().waitFor()
    assert.equal(await page.locator('.sessions li').count(), 1)
    await evil.goto(`${server.origin}/dev/mailbox`)
    assert.doesNotMatch(await evil.locator('body').innerText(), /evil@example\.org/)
  } finally {
    stranger.close()
  }
})
