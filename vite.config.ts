import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** What many pages use comes in few files: each asks the panel once more, and a page that waits for sixty is slow to begin. */
const groups = [
  { name: 'icons', test: /node_modules\/lucide-react/ },
  { name: 'kit', test: /src-renderer\/(api|entities|i18n|navigation|ui(?!\/data-table)|util)\//, minShareCount: 8 },
  { name: 'libraries', test: /node_modules/, minShareCount: 6 },
]

/** The page of the panel, the same for a browser and for the desktop window. */
export default defineConfig({
  root: 'src-renderer',
  base: '/',
  plugins: [react(), tailwindcss()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome130',
    cssCodeSplit: false, // 6 kB more at first, and no page that lacks its style when that is lost on the way
    assetsInlineLimit: 0, // what is inlined would need a hole in the page's policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
})
