// The playground and the mailbox in a real browser, against a server that was
// started for it: PLAYGROUND_ORIGIN is its name, PLAYGROUND_AT where it listens.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { visit } from './chromium.js'
import { Mailbox, Playground, popup } from './playground.js'

const server = { origin: process.env.PLAYGROUND_ORIGIN, at: process.env.PLAYGROUND_AT }
assert.ok(server.origin && server.at, 'go test ./e2e starts this, with a server')

const address = 'ada@example.org'
const password = 'seven bright lanterns'

// browsed runs a story in a browser of its own, which has nothing to complain
// about, asks nobody else, and keeps nothing secret.
function browsed(name, story, options) {
  test(name, async () => {
    const visitor = await visit({ ...server, ...options })
    try {
      const page = await visitor.context.newPage()
      const playground = new Playground(page)
      await playground.open()
      const secrets = await story(playground, visitor)
      // Longer than GraphiQL waits before it stores anything.
      await page.waitForTimeout(700)
      await keepsNothingSecret(page, [password, address, 'Bearer', 'mutation', ...secrets])
      assert.deepEqual(await visitor.context.cookies(), [])
      assert.deepEqual(visitor.complaints, [])
      assert.deepEqual(visitor.elsewhere(), [])
    } finally {
      await visitor.browser.close()
    }
  })
}

async function keepsNothingSecret(page, secrets) {
  const { local, session, databases } = await page.evaluate(async () => ({
    local: JSON.stringify(localStorage), session: JSON.stringify(sessionStorage), databases: await indexedDB.databases(),
  }))
  for (const secret of secrets) {
    assert.ok(secret, 'a secret that is none')
    assert.ok(!local.includes(secret), `localStorage keeps ${secret}: ${local}`)
  }
  const layout = ['theme', 'docExplorerFlex', 'editorFlex', 'secondaryEditorFlex'].map((name) => `graphiql:${name}`)
  assert.deepEqual(Object.keys(JSON.parse(local)).filter((key) => !layout.includes(key)), [])
  assert.equal(session, '{}')
  assert.deepEqual(databases, [])
}

const code = (answer) => answer.errors?.[0].extensions.code

browsed('somebody registers, reads the letter, signs in and out again', async (playground) => {
  const registered = await playground.run()
  assert.equal(registered.data.register.email, address)
  const { flow } = registered.data.register

  const mailbox = await playground.openMailbox()
  await mailbox.open('Activate your account')
  const digits = await mailbox.digits()
  const landed = await mailbox.press('Activate the account')
  assert.equal(new URL(landed.url()).pathname, '/activate')
  assert.equal(await landed.locator('.digits').innerText(), digits)
  await landed.close()
  await mailbox.page.close()

  await playground.choose('Activate')
  await playground.type('the six digits of the letter', digits)
  const activated = await playground.run()
  assert.equal(activated.data.activate.user.email, address)
  const first = activated.data.activate.tokens

  const { tokens } = (await playground.ask('Login')).data.login
  assert.notEqual(tokens.accessToken, first.accessToken)

  await playground.choose('Me')
  await playground.headers.getByText('Authorization').waitFor()
  assert.deepEqual(JSON.parse(await playground.text(playground.headers)), { Authorization: `Bearer ${tokens.accessToken}` })
  assert.equal((await playground.run()).data.me.email, address)

  const refreshed = (await playground.ask('Refresh')).data.refresh.tokens
  assert.notEqual(refreshed.refreshToken, tokens.refreshToken)
  assert.equal((await playground.ask('Me')).data.me.emailVerified, true)

  assert.equal((await playground.ask('Logout')).data.logout.sessionsEnded, 1)
  assert.equal(code(await playground.ask('Me')), 'UNAUTHENTICATED')
  return [flow, digits, first.accessToken, tokens.accessToken, tokens.refreshToken, refreshed.accessToken, refreshed.refreshToken]
})

test('the mailbox needs no JavaScript', async () => {
  const visitor = await visit({ ...server, javaScriptEnabled: false, locale: 'de-AT', viewport: { width: 375, height: 812 } })
  try {
    const page = await visitor.context.newPage()
    const mailbox = new Mailbox(page)
    await page.goto('/dev/mailbox')
    await mailbox.open('Activate your account')
    const [byButton, byText] = [await mailbox.press('Activate the account'), await popup(page, page.locator('pre a').first())]
    assert.equal(byText.url(), byButton.url())
    assert.match(byText.url(), /\/activate\?token=[\w-]{43}$/)
    assert.match(await byText.title(), /Konto aktivieren/)
    // Nothing is wider than a telephone.
    const { scroll, client } = await page.evaluate(() => ({ scroll: document.body.scrollWidth, client: document.documentElement.clientWidth }))
    assert.ok(scroll <= client, `${scroll} of ${client}`)
    assert.deepEqual(visitor.complaints, [])
    assert.deepEqual(visitor.elsewhere(), [])
  } finally {
    await visitor.browser.close()
  }
})

browsed('a subscription is told when its session ends', async (playground) => {
  const { tokens } = (await playground.ask('Login')).data.login
  await playground.choose('SessionEnded')
  const begun = playground.page.waitForResponse((r) => r.headers()['content-type']?.startsWith('text/event-stream'))
  await playground.page.locator('.graphiql-execute-button').click()
  await begun
  await playground.page.evaluate((token) => fetch('/graphql', {
    method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: 'mutation { logout { sessionsEnded } }' }),
  }), tokens.accessToken)
  const shown = await playground.page.waitForFunction(() => document.querySelector('.graphiql-response .CodeMirror').CodeMirror.getValue())
  assert.equal(JSON.parse(await shown.jsonValue()).data.sessionEnded.reason, 'LOGOUT')
  return [tokens.accessToken, tokens.refreshToken]
})

browsed('every example is understood', async (playground) => {
  const { tokens } = (await playground.ask('Login')).data.login
  const names = await playground.names()
  assert.ok(names.length > 20, `only ${names}`)
  // What ends the session, or the account, comes last.
  // The subscription waits for that, and has a story of its own.
  const last = ['Logout', 'DeleteAccount', 'SessionEnded']
  for (const name of names.filter((n) => !last.includes(n))) {
    const answer = await playground.ask(name)
    const refused = code(answer)
    assert.ok(!['BAD_DOCUMENT', 'DOCUMENT_TOO_COSTLY', 'INTERNAL'].includes(refused), `${name}: ${JSON.stringify(answer)}`)
    // Where the letter or a list has to be read first, and nowhere else.
    const typed = /the six digits|the token of the link|the id of/.test(await playground.text(playground.variables))
    assert.equal(Boolean(refused), typed, `${name}: ${JSON.stringify(answer)}`)
  }
  assert.equal((await playground.ask('DeleteAccount')).data.deleteAccount.email, address)
  return [tokens.accessToken, tokens.refreshToken]
}, { colorScheme: 'dark' })

browsed('what was typed comes back in the next example, and one tab is enough for each', async (playground) => {
  await playground.type(address, 'grace@example.org')
  assert.equal((await playground.run()).data.register.email, 'grace@example.org')
  await playground.choose('Login')
  assert.equal(JSON.parse(await playground.text(playground.variables)).input.identifier, 'grace@example.org')
  await playground.choose('Register')
  await playground.choose('Login')
  assert.deepEqual(await playground.page.locator('.graphiql-tab').allInnerTexts(), ['Register', 'Login'])
  // Whoever comes back begins anew.
  await playground.page.waitForTimeout(700)
  await playground.open()
  assert.match(await playground.text(playground.variables), /ada@example.org/)
  assert.equal(await playground.text(playground.headers), '')
  return ['grace@example.org']
})

browsed('the contract can be read beside it', async (playground) => {
  await playground.page.getByRole('button', { name: 'Show Documentation Explorer' }).click()
  await playground.page.getByRole('link', { name: 'Mutation', exact: true }).click()
  await playground.page.getByText('Asks for an account.').first().waitFor()
  await playground.page.getByRole('combobox').fill('sessions')
  await playground.page.getByRole('option', { name: /User.*sessions/ }).first().click()
  await playground.page.getByText('Where the user is signed in').first().waitFor()
  // And the editors know it too.
  await playground.query.click()
  await playground.page.keyboard.press('Control+A')
  await playground.page.keyboard.type('{ se')
  await playground.page.keyboard.press('Control+Space')
  await playground.page.locator('.CodeMirror-hints').getByText('settings').waitFor()
  await playground.page.locator('.cm-property, .cm-attribute').first().hover()
  return ['register']
})

browsed('on a telephone the button and the answer are a swipe away', async (playground) => {
  const { page } = playground
  // within says whether all of it is on the screen.
  const within = (locator) => locator.evaluate((element) => {
    const { left, right, width } = element.getBoundingClientRect()
    return width > 30 && left >= 0 && right <= innerWidth
  })
  const swipe = (far) => page.locator('#playground').evaluate((place, x) => place.scrollTo(x, 0), far)
  const button = page.locator('.graphiql-execute-button')
  assert.ok(await within(page.locator('.examples button').first()))
  await swipe(480)
  assert.ok(await within(button))
  const { flow } = (await playground.run()).data.register
  await swipe(10000)
  assert.ok(await within(playground.response))
  // The page itself does not move.
  const { scroll, client } = await page.evaluate(() => ({ scroll: document.body.scrollWidth, client: document.documentElement.clientWidth }))
  assert.ok(scroll <= client, `${scroll} of ${client}`)
  return [flow]
}, { viewport: { width: 375, height: 812 } })

browsed('its dialogs open and close', async (playground) => {
  const { page } = playground
  await page.getByRole('button', { name: 'Open short keys dialog' }).click()
  await page.getByRole('heading', { name: 'Short Keys' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Open settings dialog' }).click()
  await page.getByRole('button', { name: 'Dark', exact: true }).click()
  await page.locator('body.graphiql-dark').waitFor()
  assert.equal(await page.getByText('Persist headers').count(), 0)
  await page.keyboard.press('Escape')
  // Several operations in one document make a menu of the button.
  await playground.query.click()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText('query A { settings { usernames } }\nquery B { settings { registrationOpen } }')
  await page.locator('.graphiql-execute-button[aria-haspopup=menu]').click()
  await page.getByRole('menuitem', { name: 'B', exact: true }).click()
  await page.waitForFunction(() => document.querySelector('.graphiql-response .CodeMirror').CodeMirror.getValue().includes('registrationOpen'))
  await page.locator('.graphiql-toolbar button').first().hover()
  await page.getByRole('tooltip').waitFor()
  return ['registrationOpen']
})
