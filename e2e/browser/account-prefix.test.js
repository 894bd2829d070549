// The pages for users of a server that is found below a path, beside others on its
// host, and that has whoever guesses wait.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { base, met, password, server } from './account.js'

test('below a path everything is where it belongs, and a wait is counted down', async () => {
  const ada = await met({ locale: 'en-GB' }, async (ada) => {
    const { page, context } = ada
    const strayed = []
    context.on('request', (request) => {
      if (request.url().startsWith(`${server.origin}/`) && !request.url().startsWith(`${server.origin}${base}/`)) {
        strayed.push(request.url())
      }
    })
    await ada.registers('ada@example.org', 'Ada')
    assert.equal(new URL(page.url()).pathname, `${base}/account/activate`)
    const mailbox = await ada.reads('Activate your account', 'ada@example.org')
    const link = await mailbox.letter.locator('a[href*="/activate?"]').first().getAttribute('href')
    assert.ok(link.startsWith(`${server.origin}${base}/activate?token=`), link)
    await mailbox.page.goto(link)
    await mailbox.page.getByRole('heading', { level: 1 }).waitFor()
    await mailbox.page.close()
    await ada.activates()
    await ada.visits('Devices')
    await page.getByText('This device').waitFor()
    await page.reload()
    await page.getByText('This device').waitFor()
    await ada.press('Sign out')
    await page.getByText('You are signed out.').waitFor()
    assert.deepEqual(await ada.cookies(), [])

    // The first wrong one is free; each of the others has to wait longer, until even
    // a slow machine is too fast.
    const button = page.locator('form button:not([type])')
    await ada.signsIn('ada@example.org', 'wrong wrong wrong')
    await page.getByText('There is no such account').waitFor()
    const wait = page.getByText(/^Again in \d+ s$/)
    for (let i = 0; (await page.getByText(/^Again in [4-8] s$/).count()) === 0; i++) {
      assert.ok(i < 8, 'nobody has to wait')
      const [answer] = await Promise.all([page.waitForResponse(/graphql$/), button.click()])
      await answer.finished()
      await page.waitForFunction(() => document.querySelector('form').getAttribute('aria-busy') !== 'true')
    }
    assert.equal(await button.getAttribute('aria-disabled'), 'true')
    // Until then it asks for nothing.
    let asked = 0
    page.on('request', () => asked++)
    await button.dispatchEvent('click')
    assert.equal(asked, 0)
    await page.getByText('Again in 1 s').waitFor()
    await wait.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
    await page.getByLabel('Password', { exact: true }).fill(password)
    await ada.press('Sign in')
    await ada.heading('Hello, Ada').waitFor()
    assert.deepEqual(strayed, [])
  })
  await ada.leaves()
})
