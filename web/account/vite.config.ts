// Bundles the application into dist/, which is committed and embedded into the
// server: who builds that needs no Node. The result depends on this directory, the
// contract and the lock file alone.
import { defineConfig, type Plugin } from 'vite'

import { licences } from '../licences.mjs'

const withLicences: Plugin = {
  name: 'with licences',
  async generateBundle(_, bundle) {
    const files = Object.values(bundle).flatMap((part) => (part.type === 'chunk' ? Object.keys(part.modules) : []))
    this.emitFile({ type: 'asset', fileName: 'LICENCES.txt', source: await licences(files) })
  },
}

export default defineConfig({
  // Wherever a prefix puts the page, its parts lie beside it.
  base: './',
  plugins: [withLicences],
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
    rollupOptions: { input: 'src/main.tsx' },
  },
})
