import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The page is served at `/` and `/j/TOKEN`, its assets under `/capture/`, so that they never meet the console's. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/capture/',
  build: {
    outDir: fileURLToPath(new URL('../dist/pages/capture', import.meta.url)),
    emptyOutDir: true,
    sourcemap: true,
    // A strict Content-Security-Policy allows neither inlined scripts nor data: stylesheets.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
