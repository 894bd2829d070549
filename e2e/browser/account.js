// What a person does on the pages for users, for their tests.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { afterEach } from 'node:test'

import { visit } from './chromium.js'
import { Mailbox } from './playground.js'

export const server = { origin: process.env.PLAYGROUND_ORIGIN, at: process.env.PLAYGROUND_AT }
assert.ok(server.origin && server.at, 'go test ./e2e starts this, with a server')

// Below which path the server is found.
export const base = process.env.PLAYGROUND_BASE ?? ''

export const password = 'seven bright lanterns'

// Who came in a test. A browser that is left open, as where the test fails, would
// keep the process waiting.
const came = []
afterEach(() => Promise.all(came.splice(0).map((person) => person.visitor.browser.close())))

// A person has a browser of their own. What it says of an answer that refuses by
// its status is no fault of the page.
export class Person {
  static async comes(options) {
    const visitor = await visit({ ...server, ...options })
    visitor.context.setDefaultTimeout(60_000)
    await visitor.context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))
    })
    const person = new Person(visitor, await visitor.context.newPage())
    came.push(person)
    return person
  }

  constructor(visitor, page) {
    this.visitor = visitor
    this.context = visitor.context
    this.page = page
  }

  // leaves closes the browser, which has had nothing to complain about.
  async leaves(...expected) {
    const { complaints, elsewhere } = this.visitor
    await this.visitor.browser.close()
    // A stream that a page had open ends with it.
    const left = complaints.filter((c) => !c.endsWith('/graphql') && !expected.some((form) => form.test(c)))
    assert.deepEqual(left, [])
    assert.deepEqual(elsewhere(), [])
  }

  heading(name) {
    return this.page.getByRole('heading', { name, level: 1 })
  }

  async press(name) {
    await this.page.getByRole('button', { name, exact: true }).click()
  }

  // visits goes to a place of the account by the navigation.
  async visits(name) {
    await this.page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
    await this.heading(name).waitFor()
  }

  async registers(email, name) {
    this.email = email
    await this.page.goto(`${base}/account/register`)
    await this.page.getByLabel('E-mail address').fill(email)
    await this.page.getByLabel('Name').fill(name)
    await this.page.getByLabel('Password', { exact: true }).fill(password)
    await this.press('Create the account')
    await this.page.getByLabel('Six digits').waitFor()
  }

  // reads opens the newest letter to the address that is called so, once it has
  // come.
  async reads(subject, email) {
    const page = await this.context.newPage()
    await page.goto(`${base}/dev/mailbox`)
    const mailbox = new Mailbox(page)
    const link = page.locator('.letters li', { hasText: email }).getByRole('link', { name: subject }).first()
    for (let i = 0; (await link.count()) === 0; i++) {
      assert.ok(i < 600, `no letter to ${email} is called ${subject}`)
      await page.waitForTimeout(50)
      await page.getByRole('link', { name: 'Look again' }).click()
    }
    await link.click()
    await mailbox.letter.locator('body').waitFor()
    return mailbox
  }

  async activates() {
    const mailbox = await this.reads('Activate your account', this.email)
    const digits = await mailbox.digits()
    await mailbox.page.close()
    await this.page.getByLabel('Six digits').fill(digits)
    await this.press('Confirm and sign in')
    await this.heading(/^Hello/).waitFor()
  }

  async signsIn(email, secret = password) {
    await this.page.goto(`${base}/account/`)
    await this.signsInHere(email, secret)
  }

  async signsInHere(email, secret = password) {
    // As the keyboards of telephones complete it.
    await this.page.getByLabel('E-mail').fill(`${email} `)
    await this.page.getByLabel('Password', { exact: true }).fill(secret)
    await this.press('Sign in')
  }

  async cookies() {
    return (await this.context.cookies()).map(({ name, value }) => `${name}=${value}`).sort()
  }
}

// met runs a story with somebody who has just come.
export async function met(options, story) {
  const person = await Person.comes(options)
  await story(person)
  return person
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// accessible looks at the page as it is by day and by night, with axe, in a world
// of its own, so that the page's policy stays as it is.
export async function accessible(page, where) {
  const session = await page.context().newCDPSession(page)
  const { frameTree } = await session.send('Page.getFrameTree')
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'axe' })
  await session.send('Runtime.evaluate', { contextId, expression: axe })
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      contextId, awaitPromise: true, returnByValue: true,
      expression: `axe.run(document).then((found) => ({ passes: found.passes.length, violations: found.violations
        .filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' | ')) }))`,
    })
    assert.ok(!exceptionDetails, JSON.stringify(exceptionDetails))
    assert.ok(result.value.passes > 5, `axe has looked at nothing on ${where}`)
    assert.deepEqual(result.value.violations, [], `${where}, ${colorScheme}`)
  }
  await session.detach()
}

// fits says that nothing is wider than the narrowest telephone.
export async function fits(page, where) {
  const { width, height } = page.viewportSize()
  await page.setViewportSize({ width: 320, height: 640 })
  const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }))
  assert.ok(scroll <= client, `${where}: ${scroll} of ${client}`)
  await page.setViewportSize({ width, height })
}
