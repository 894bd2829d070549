// Bundles the playground into dist/, which is committed and embedded into the
// server: who builds that needs no Node. The result depends on this directory
// and its lock file alone.

import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { build } from 'esbuild'

import { licences } from '../licences.mjs'

const here = import.meta.dirname

// GraphiQL's style sheet brings two families of fonts along. The page is set in
// the reader's own, as the others are.
const withoutFonts = {
  name: 'without fonts',
  setup(b) {
    b.onLoad({ filter: /\.css$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, 'utf8')).replace(/@font-face\s*\{[^}]*\}/g, ''),
      loader: 'css',
    }))
  },
}

await rm(path.join(here, 'dist'), { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { playground: 'main.jsx' },
  outdir: 'dist',
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['es2022'],
  jsx: 'automatic',
  loader: { '.graphql': 'text' },
  alias: { 'react-style-singleton': './unstyled.js' },
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none', // they stand in full in LICENCES.txt
  plugins: [withoutFonts],
  metafile: true,
  logLevel: 'warning',
})
await writeFile(path.join(here, 'dist', 'LICENCES.txt'), await licences(Object.keys(metafile.inputs).map((input) => path.join(here, input))))
