// What a person does in the playground and in the mailbox, for tests and for the
// rehearsal of the first five minutes.

// A playground drives the page. What it types goes through the keyboard, what it
// reads is what the editors hold.
export class Playground {
  constructor(page) {
    this.page = page
    this.query = page.locator('.graphiql-query-editor .CodeMirror')
    this.variables = page.locator('.graphiql-editor-tool .graphiql-editor').nth(0).locator('.CodeMirror')
    this.headers = page.locator('.graphiql-editor-tool .graphiql-editor').nth(1).locator('.CodeMirror')
    this.response = page.locator('.graphiql-response .CodeMirror')
  }

  // open goes there and waits until the page has drawn the schema.
  async open() {
    const schema = this.page.waitForResponse((r) => r.url().endsWith('/graphql'))
    await this.page.goto('/playground')
    await (await schema).finished()
    await this.query.waitFor()
  }

  // names are the examples' in their order.
  names() {
    return this.page.locator('.examples button').allTextContents()
  }

  // choose clicks an example.
  async choose(name) {
    await this.page.locator('.examples').getByRole('button', { name, exact: true }).click()
    await this.page.locator('.graphiql-tab-active', { hasText: name }).waitFor()
  }

  // text is what an editor holds.
  text(editor) {
    return editor.evaluate((element) => element.CodeMirror.getValue())
  }

  // type replaces one text of the variables by another.
  async type(placeholder, value) {
    const filled = (await this.text(this.variables)).replace(placeholder, value)
    await this.variables.click()
    await this.page.keyboard.press('Control+A')
    await this.page.keyboard.insertText(filled)
  }

  // run presses the button and gives the answer, as the page shows it.
  async run() {
    const arrived = this.page.waitForResponse((r) => r.url().endsWith('/graphql'))
    await this.page.locator('.graphiql-execute-button').click()
    await (await arrived).finished()
    const shown = await this.page.waitForFunction(() => document.querySelector('.graphiql-response .CodeMirror').CodeMirror.getValue())
    return JSON.parse(await shown.jsonValue())
  }

  // ask chooses an example and runs it.
  async ask(name) {
    await this.choose(name)
    return this.run()
  }

  // openMailbox follows the page's own link there, into a tab of its own.
  async openMailbox() {
    return new Mailbox(await popup(this.page, this.page.getByRole('link', { name: 'Mailbox', exact: true })))
  }
}

// A mailbox drives those pages.
export class Mailbox {
  constructor(page) {
    this.page = page
    this.letter = page.frameLocator('iframe')
  }

  // open opens the newest letter that is called so. It may be on its way still.
  async open(subject) {
    const link = this.page.locator('.letters').getByRole('link', { name: subject }).first()
    for (let i = 0; (await link.count()) === 0; i++) {
      if (i === 100) {
        throw new Error(`no letter is called ${subject}`)
      }
      await this.page.waitForTimeout(50)
      await this.page.getByRole('link', { name: 'Look again' }).click()
    }
    await link.click()
    await this.letter.locator('body').waitFor()
  }

  // digits are those of the letter that is open.
  async digits() {
    return (await this.letter.locator('.box').innerText()).replace(' ', '')
  }

  // press presses the letter's button, and gives the page that it leads to.
  async press(name) {
    return popup(this.page, this.letter.getByRole('link', { name, exact: true }))
  }
}

// popup clicks a link and gives the tab that it opens.
export async function popup(page, link) {
  const [opened] = await Promise.all([page.waitForEvent('popup'), link.click()])
  await opened.waitForLoadState()
  return opened
}
