// Pictures of the pages that users see, and docs/pages.md, which shows them. Run by
// scripts/screenshots.

import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'

import { met, password } from './account.js'

const docs = process.env.PICTURES
const folder = 'pages'

const coming = {
  title: 'Coming in', pages: [],
  lead: 'What whoever is not signed in finds at `/account`.',
}
const inside = {
  title: 'The account', pages: [],
  lead: 'What whoever is signed in finds there.',
}
const linked = {
  title: 'Behind the links of letters', pages: [],
  lead: 'Where `GATEHOUSE_LINK_URL_*` lead to `/account`. Opening a page does nothing; its button does.',
}
const plain = {
  title: 'Without JavaScript', pages: [],
  lead: 'Where the links lead by default: pages that the server makes, and that run no script.',
}

const widths = [1280, 375]
const schemes = ['light', 'dark']

// picture takes the page at each width, by day and at night: all of it, or what
// the screen shows.
async function picture(chapter, page, name, title, { fullPage = true } = {}) {
  await page.mouse.move(0, 0)
  for (const width of widths) {
    await page.setViewportSize({ width, height: 720 })
    await page.evaluate(() => document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }))
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.screenshot({ path: path.join(docs, folder, `${name}-${width}-${colorScheme}.png`), fullPage, caret: 'hide' })
    }
  }
  await page.setViewportSize({ width: 1280, height: 720 })
  chapter.pages.push({ name, title })
}

// lead is where the button of a letter leads.
async function lead(person, subject, email, at) {
  const mailbox = await person.reads(subject, email)
  const href = await mailbox.letter.locator(`a[href*="${at}?"]`).first().getAttribute('href')
  await mailbox.page.close()
  return href
}

const own = (href, at) => `/account${at}#token=${new URL(href).searchParams.get('token')}`

async function goes(person, place, title = place) {
  await person.page.getByRole('navigation').getByRole('link', { name: place, exact: true }).click()
  await person.heading(title).waitFor()
}

test('each page is pictured', async () => {
  await rm(path.join(docs, folder), { recursive: true, force: true })
  await mkdir(path.join(docs, folder))

  const ada = await met({ locale: 'en-GB' }, async (ada) => {
    const { page } = ada
    await page.goto('/account/')
    await page.getByLabel('E-mail').fill('ada@example.org')
    await page.getByLabel('Password', { exact: true }).fill(password)
    await picture(coming, page, 'sign-in', 'Sign in')
    await ada.press('Sign in')
    await page.getByRole('alert').waitFor()
    await picture(coming, page, 'sign-in-refused', 'Refused, in the same words whether there is no such account or the password is wrong')
    await page.goto('/account/register')
    await page.getByLabel('E-mail address').fill('ada@example.org')
    await page.getByLabel('Password', { exact: true }).fill('lantern')
    await page.getByText(/weak$/).waitFor()
    await ada.press('Create the account')
    await page.locator('[aria-invalid]').waitFor()
    await picture(coming, page, 'register', 'Create an account, with the strength while typing and a fault at its field')
    await ada.registers('ada@example.org', 'Ada Lovelace')
    await picture(coming, page, 'activate', 'Confirm the address by the digits of the letter')
  })

  const grace = await met({ locale: 'en-GB' }, async (grace) => {
    const { page } = grace
    await page.goto('/account/forgotten')
    await page.getByLabel('E-mail').fill('ada@example.org')
    await picture(coming, page, 'forgotten', 'Forgotten password')
    const activation = await lead(grace, 'Activate your account', 'ada@example.org', '/activate')
    const decline = await lead(grace, 'Activate your account', 'ada@example.org', '/decline')
    await page.goto(own(activation, '/activate'))
    await grace.heading('Activate your account').waitFor()
    await picture(linked, page, 'link-activate', 'Activate, on another device than the one that registered')
    await page.goto(own(decline, '/decline'))
    await page.getByRole('heading', { level: 1 }).waitFor()
    await picture(linked, page, 'link-decline', 'This was not me')
    await page.goto(activation)
    await picture(plain, page, 'plain-activate', 'Activate')
    await page.goto(decline)
    await picture(plain, page, 'plain-decline', 'This was not me')
  })

  await ada.activates()
  await goes(ada, 'Username')
  await ada.page.getByLabel('New username').fill('ada')
  await ada.press('Change the username')
  await ada.page.getByText('Your username is ada.').waitFor()
  await grace.signsIn('ada')
  await grace.heading(/^Hello/).waitFor()
  await goes(ada, 'Overview', /^Hello/)
  await picture(inside, ada.page, 'overview', 'Overview')
  for (const [name, place] of [['profile', 'Profile'], ['email', 'E-mail address'], ['username', 'Username'], ['password', 'Password'], ['devices', 'Devices'], ['data', 'Your data']]) {
    await goes(ada, place)
    if (name === 'devices') {
      await ada.page.locator('.sessions li').nth(1).waitFor()
    }
    await picture(inside, ada.page, name, place)
  }
  await ada.page.getByLabel(/^Type ada@example.org/).fill('ada@example.org')
  await ada.press('Delete the account for good')
  const dialog = ada.page.getByRole('dialog')
  await dialog.waitFor()
  await picture(inside, ada.page, 'prove', 'The password once more, for what is grave', { fullPage: false })
  await ada.page.keyboard.press('Escape')
  await goes(ada, 'Devices')
  await ada.press('Sign out everywhere else')
  await grace.page.getByText('This device was signed out from another one.').waitFor()
  await picture(inside, grace.page, 'signed-out', 'Another device, the moment it is signed out')

  await goes(ada, 'E-mail address')
  await ada.page.getByLabel('New address').fill('lovelace@example.org')
  await ada.press('Send the link')
  await dialog.getByLabel('Password', { exact: true }).fill(password)
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await ada.page.getByText('is on its way to lovelace@example.org').waitFor()
  const confirm = await lead(ada, /Confirm your new address/, 'lovelace@example.org', '/confirm-email')
  await grace.page.goto(confirm)
  await picture(plain, grace.page, 'plain-confirm-email', 'Confirm a new address')
  await ada.page.goto(own(confirm, '/confirm-email'))
  await ada.heading('Confirm your new address').waitFor()
  await picture(linked, ada.page, 'link-confirm-email', 'Confirm a new address')
  await ada.press('Confirm the address')
  await ada.page.getByText('Your account goes by lovelace@example.org now.').waitFor()
  await picture(linked, ada.page, 'link-confirm-email-done', 'Confirmed')
  const revert = await lead(ada, /The address of your account/, 'ada@example.org', '/revert-email')
  await grace.page.goto(revert)
  await picture(plain, grace.page, 'plain-revert-email', 'Take the address back')
  await ada.page.goto(own(revert, '/revert-email'))
  await ada.heading('Take your address back').waitFor()
  await picture(linked, ada.page, 'link-revert-email', 'Take the address back')

  await grace.page.goto('/reset')
  await picture(plain, grace.page, 'plain-forgotten', 'Forgotten password')
  await grace.page.goto('/account/forgotten')
  await grace.page.getByLabel('E-mail').fill('lovelace@example.org')
  await grace.press('Send the link')
  await grace.page.getByRole('status').filter({ hasText: 'on its way' }).waitFor()
  const reset = await lead(grace, /password/, 'lovelace@example.org', '/reset')
  await grace.page.goto(reset)
  await picture(plain, grace.page, 'plain-reset', 'Choose a new password')
  await grace.page.goto(own(reset, '/reset'))
  await grace.heading('Choose a new password').waitFor()
  await picture(linked, grace.page, 'link-reset', 'Choose a new password')

  await writeFile(path.join(docs, 'pages.md'), text([coming, inside, linked, plain]))
})

function text(chapters) {
  const said = [
    '# The pages for users', '',
    '`make screenshots` takes these pictures with a real browser, and writes this page. How the pages are switched on, and how they take on the name and colour of a team, the [README](../README.md) says.', '',
  ]
  for (const { title, lead, pages } of chapters) {
    said.push(`## ${title}`, '', lead, '')
    for (const { name, title } of pages) {
      const shown = (width, scheme, shownWidth) => `<img src="${folder}/${name}-${width}-${scheme}.png" alt="${title}: ${width} pixels wide, ${scheme}" width="${shownWidth}">`
      said.push(`### ${title}`, '', `${shown(1280, 'light', 400)} ${shown(1280, 'dark', 400)} ${shown(375, 'light', 117)} ${shown(375, 'dark', 117)}`, '')
    }
  }
  return said.join('\n')
}
