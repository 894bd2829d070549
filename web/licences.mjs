// What the makers of the packages in our bundles want to be said with them.

import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

// licences is the terms of every package that a file of the bundle is from; files
// are whole paths.
export async function licences(files) {
  const roots = new Set()
  for (const file of files) {
    const inside = file.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)
    if (inside) {
      roots.add(inside[1])
    }
  }
  const entries = []
  for (const root of [...roots].sort()) {
    const { name, version, license } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
    const file = (await readdir(root)).find((f) => /^licen[cs]e/i.test(f))
    if (!license && !file) {
      throw new Error(`${name} says nothing of its licence`)
    }
    const text = file ? (await readFile(path.join(root, file), 'utf8')).replace(/\r\n/g, '\n').trim() : ''
    entries.push(`${name} ${version} (${license})\n\n${text}\n`)
  }
  return entries.join(`\n${'-'.repeat(72)}\n\n`)
}
