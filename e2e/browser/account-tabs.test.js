// The tabs of one browser on the pages for users, against a server whose access
// tokens live for two seconds, and which lets no refresh token come twice.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { met, password } from './account.js'

// aged waits until the browser has dropped the access token.
async function aged(person) {
  for (let i = 0; (await person.cookies()).some((c) => c.startsWith('gatehouse-access=')); i++) {
    assert.ok(i < 600, 'the access token does not age')
    await person.page.waitForTimeout(50)
  }
}

test('two tabs that refresh at once are both signed in, and leave together', async () => {
  const ada = await met({ locale: 'en-GB' }, async (ada) => {
    await ada.registers('ada@example.org', 'Ada')
    await ada.activates()
    const first = ada.page
    const second = await ada.context.newPage()
    await second.goto('/account/')
    await second.getByRole('heading', { name: 'Hello, Ada' }).waitFor()
    for (let round = 0; round < 3; round++) {
      await aged(ada)
      await Promise.all([first, second].map(async (page) => {
        await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click()
        await page.getByRole('navigation').getByRole('link', { name: 'Devices' }).click()
        await page.getByText('This device').waitFor()
      }))
    }
    await Promise.all([first.reload(), second.reload()])
    for (const page of [first, second]) {
      await page.getByText('This device').waitFor()
      assert.equal(await page.locator('.sessions li').count(), 1)
    }
    await ada.press('Sign out')
    for (const page of [first, second]) {
      await page.getByText('You are signed out.').waitFor()
    }
    assert.deepEqual(await ada.cookies(), [])
  })
  await ada.leaves()
})

test('what is grave asks for the password again, and goes on', async () => {
  const grace = await met({ locale: 'en-GB' }, async (grace) => {
    const { page } = grace
    await grace.registers('grace@example.org', 'Grace')
    await grace.activates()
    await aged(grace)
    await grace.visits('Your data')
    await page.getByLabel(/^Type grace@example.org/).fill('grace@example.org')
    await grace.press('Delete the account for good')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    // Whoever thinks better of it has changed nothing.
    await page.keyboard.press('Escape')
    await page.getByText('Nothing was changed: the password was not given.').waitFor()
    await grace.press('Delete the account for good')
    await dialog.getByLabel('Password', { exact: true }).fill('not this one at all')
    await dialog.getByRole('button', { name: 'Go on' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('Password', { exact: true }).fill(password)
    await dialog.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('Your account is deleted. Farewell.').waitFor()
  })
  await grace.leaves()
})

test('who is offline is told so, and goes on when that is over', async () => {
  const mary = await met({ locale: 'en-GB' }, async (mary) => {
    const { page, context } = mary
    await mary.registers('mary@example.org', 'Mary')
    await mary.activates()
    await mary.visits('Profile')
    await context.setOffline(true)
    await page.getByText('You are offline.').waitFor()
    await page.getByLabel('Name').fill('Mary Somerville')
    await mary.press('Save')
    await page.getByText('The server cannot be reached.').waitFor()
    await context.setOffline(false)
    await page.getByText('You are offline.').waitFor({ state: 'hidden' })
    await mary.press('Save')
    await page.getByText('Saved.').waitFor()
  })
  await mary.leaves(/ERR_INTERNET_DISCONNECTED/)
})

test('a page that nobody uses is still told of its end when its stream had broken off', async () => {
  const lise = await met({ locale: 'en-GB' }, async (here) => {
    const cut = (route) => (route.request().headers().accept?.startsWith('text/event-stream') ? route.abort() : route.fallback())
    await here.context.route('**/graphql', cut)
    await here.registers('lise@example.org', 'Lise')
    await here.activates()
    // By the time that the line is back, no token is there to listen by.
    await aged(here)
    const renewed = here.page.waitForResponse((r) => r.request().postData()?.includes('refresh('))
    const listening = renewed.then(() => here.page.waitForResponse((r) => r.headers()['content-type']?.startsWith('text/event-stream')))
    await here.context.unroute('**/graphql', cut)
    await listening
    const there = await met({ locale: 'en-GB' }, async (there) => {
      await there.signsIn('lise@example.org')
      await there.heading('Hello, Lise').waitFor()
      await there.visits('Devices')
      await there.press('Sign out everywhere else')
      await there.page.getByText('One device is signed out.').waitFor()
    })
    await there.leaves()
    await here.page.getByText('This device was signed out from another one.').waitFor()
  })
  await lise.leaves(/ERR_FAILED/)
})
