// The first five minutes, as somebody has them who just heard of Gatehouse: clone
// it, start it, look into the playground and the mailbox, be signed in. It takes
// the time of each step and, where PICTURES names a directory, pictures of what
// there is to see. Run by scripts/first-five-minutes.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

import { visit } from './chromium.js'
import { Playground } from './playground.js'

const repository = path.join(import.meta.dirname, '..', '..')
const pictures = process.env.PICTURES

// took is what each step needed, in milliseconds.
const took = []
async function step(what, doing) {
  const began = performance.now()
  const result = await doing()
  took.push([what, performance.now() - began])
  console.log(`${seconds(took.at(-1)[1])}  ${what}`)
  return result
}

const seconds = (ms) => `${(ms / 1000).toFixed(1).padStart(6)} s`

async function run(command, args, options) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options })
  const [code] = await once(child, 'exit')
  assert.equal(code, 0, `${command} ended with ${code}`)
}

// freePort is the one that a newcomer would have, or, where that is somebody's,
// another.
async function freePort(wanted = 8080) {
  const server = createServer().listen(wanted, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return freePort(0)
  }
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

// start runs make run, and gives the process once the server says where it is.
async function start(clone, port) {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GATEHOUSE_|MAKE|MFLAGS)/.test(name)))
  const server = spawn('make', ['run'], {
    cwd: clone, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...environment, GATEHOUSE_LISTEN: `127.0.0.1:${port}` },
  })
  let log = ''
  server.stderr.on('data', (data) => { log += data })
  const said = []
  for await (const line of createInterface({ input: server.stdout })) {
    said.push(line)
    if (line.includes('gatehouse help settings')) {
      server.stdout.resume()
      return { server, said }
    }
  }
  throw new Error(`make run ended\n${said.join('\n')}\n${log}`)
}

// picture takes one, by the light of day, at night or on a telephone.
async function picture(page, name, { dark = false, narrow = false } = {}) {
  if (!pictures) {
    return
  }
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
  await page.setViewportSize(narrow ? { width: 375, height: 812 } : { width: 1280, height: 800 })
  await page.evaluate(() => document.activeElement?.blur())
  await page.mouse.move(0, 0)
  await page.waitForTimeout(400) // until what fades has faded
  await page.screenshot({ path: path.join(pictures, `${name}.png`) })
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 800 })
}

async function rehearse(clone) {
  await step('git clone', () => run('git', ['clone', '--quiet', repository, clone]))
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const { server, said } = await step('make run, until the server listens', () => start(clone, port))
  let visitor
  try {
    const address = (name) => said.find((line) => line.trim().startsWith(name))?.trim().split(/\s+/)[1]
    assert.equal(address('playground'), `${origin}/playground`)
    assert.equal(address('mailbox'), `${origin}/dev/mailbox`)
    visitor = await visit({ origin })
    const page = await visitor.context.newPage()
    const playground = new Playground(page)

    await step('open the playground', () => playground.open())
    await step('register', async () => assert.ok((await playground.run()).data.register.flow))
    await picture(page, 'registered')

    const { mailbox, digits } = await step('open the mailbox and read the letter', async () => {
      const mailbox = await playground.openMailbox()
      await mailbox.open('Activate your account')
      return { mailbox, digits: await mailbox.digits() }
    })
    await picture(mailbox.page, 'letter')
    await picture(mailbox.page, 'letter-narrow', { narrow: true })
    await mailbox.page.close()

    await step('activate with its digits', async () => {
      await playground.choose('Activate')
      await playground.type('the six digits of the letter', digits)
      assert.ok((await playground.run()).data.activate.tokens.accessToken)
    })
    await step('sign in', async () => assert.ok((await playground.ask('Login')).data.login.tokens.accessToken))
    await step('ask who is signed in', async () => assert.equal((await playground.ask('Me')).data.me.email, 'ada@example.org'))
    await picture(page, 'me')
    await picture(page, 'me-dark', { dark: true })
    assert.deepEqual(visitor.complaints, [])
    assert.deepEqual(visitor.elsewhere(), [])
  } finally {
    await visitor?.browser.close()
    process.kill(-server.pid, 'SIGTERM')
    await once(server, 'exit')
  }
}

const workshop = await mkdtemp(path.join(tmpdir(), 'gatehouse-five-minutes-'))
try {
  await rehearse(path.join(workshop, 'gatehouse'))
} finally {
  await rm(workshop, { recursive: true, force: true })
}
const all = took.reduce((sum, [, ms]) => sum + ms, 0)
console.log(`${seconds(all)}  in all`)
assert.ok(all < 5 * 60 * 1000, 'the first five minutes are longer than that')
