// A letter as somebody would write it who wants into the browser of whoever tries
// the server out, in a folder that the server reads: PLAYGROUND_ORIGIN is its
// name, PLAYGROUND_AT where it listens.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { visit } from './chromium.js'
import { Mailbox } from './playground.js'

const server = { origin: process.env.PLAYGROUND_ORIGIN, at: process.env.PLAYGROUND_AT }
assert.ok(server.origin && server.at, 'go test ./e2e starts this, with a server')

// visited gives a browser to what is tried, and ends it.
async function visited(options, tried) {
  const visitor = await visit({ ...server, ...options })
  try {
    await tried(visitor, await visitor.context.newPage())
  } finally {
    await visitor.browser.close()
  }
}

test('a hostile letter runs nothing, loads nothing and leads nowhere', () => visited({}, async (visitor, page) => {
  const arrived = []
  visitor.context.on('response', (response) => arrived.push(response.url()))
  await page.goto('/dev/mailbox')
  const mailbox = new Mailbox(page)
  await mailbox.open('Hostile')
  const framed = page.url()
  await mailbox.letter.getByText('The end').waitFor()
  for (const name of ['script', 'document', 'top']) {
    await mailbox.letter.getByRole('link', { name, exact: true }).click()
  }
  await mailbox.letter.getByRole('button', { name: 'post' }).evaluate((button) => button.click())
  // Opened by itself it may as little.
  const alone = await visitor.context.newPage()
  await alone.goto(`${framed}/html`)
  await alone.getByText('The end').waitFor()
  await alone.getByRole('link', { name: 'script', exact: true }).click()
  await alone.waitForTimeout(500)

  assert.equal(page.url(), framed)
  assert.equal(alone.url(), `${framed}/html`)
  for (const there of visitor.context.pages()) {
    assert.notEqual(await there.title(), 'ran')
  }
  const own = ['/dev/mailbox', new URL(framed).pathname, `${new URL(framed).pathname}/html`].map((path) => server.origin + path)
  assert.deepEqual(arrived.filter((url) => !own.includes(url)), [])
}))

test('nobody frames what is for this machine', () => visited({}, async (visitor, page) => {
  await page.goto('/dev/mailbox')
  const letter = await page.locator('.letters a').first().getAttribute('href')
  for (const path of ['/playground', '/dev/mailbox', letter, `${letter}/html`]) {
    await page.goto('about:blank')
    await page.setContent(`<iframe src="${server.origin}${path}"></iframe>`)
    await page.waitForFunction(() => frames.length === 1)
    await page.waitForTimeout(300)
    assert.doesNotMatch(page.frames()[1].url(), /^http:|^about:/, path)
  }
}))

// The name of a stranger's page, which now points here.
test('by another name there is nothing', () => visited({ origin: 'http://rebound.example:8080' }, async (visitor, page) => {
  for (const path of ['/playground', '/playground/playground.js', '/dev/mailbox']) {
    assert.equal((await page.goto(path)).status(), 403, path)
  }
}))
