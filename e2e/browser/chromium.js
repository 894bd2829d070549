// A headless Chromium that reaches one server, and notes whatever it complains
// about and whatever it asks for.

import { accessSync, constants } from 'node:fs'
import path from 'node:path'

import { chromium } from 'playwright-core'

// installed is where Debian, or whoever, put the browser.
function installed() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    for (const folder of process.env.PATH.split(':')) {
      const file = path.join(folder, name)
      try {
        accessSync(file, constants.X_OK)
        return file
      } catch {
        // look further
      }
    }
  }
  throw new Error('there is no Chromium here: scripts/chromium installs it')
}

// visit starts a browser that is to meet the server at origin, which is the name
// that it goes by; at is the address on which it really listens, where that is
// another. More are options of Playwright's for the context.
export async function visit({ origin, at = new URL(origin).host, ...more }) {
  const browser = await chromium.launch({
    executablePath: installed(),
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--no-proxy-server', `--host-resolver-rules=MAP ${new URL(origin).host} ${at}, MAP * ~NOTFOUND , EXCLUDE 127.0.0.1`,
    ],
  })
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 800 }, ...more })
  const complaints = []
  const asked = []
  context.on('console', (message) => {
    if (['error', 'warning', 'assert'].includes(message.type())) {
      complaints.push(`${message.type()}: ${message.text()}`)
    }
  })
  context.on('weberror', (error) => complaints.push(`thrown: ${error.error().message}`))
  context.on('requestfailed', (request) => {
    // What the page itself took back, as the end of a stream that it has heard, is
    // no failure.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') {
      complaints.push(`failed: ${request.url()}`)
    }
  })
  context.on('request', (request) => asked.push(request.url()))
  return { browser, context, complaints, elsewhere: () => asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:')) }
}
