import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The relay serves the result at `/console` and everything below `/console/assets/` as immutable. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/console/',
  // Files are referenced from index.html instead, so that each gets a hashed name under assets/.
  publicDir: false,
  worker: { format: 'es' },
  build: {
    outDir: '../dist/pages/console',
    emptyOutDir: true,
    // The oldest browsers with light-dark() and everything WebRTC that the console uses.
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    // data: URLs would bypass caching, and the content security policy allows them for pictures only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
    rolldownOptions: {
      // Guests have a page of their own, which loads nothing of the console.
      input: ['index.html', 'guest.html'].map((page) => fileURLToPath(new URL(page, import.meta.url))),
      output: {
        // The relay takes a file that ends in .gz for the compressed form of another one; read-text.ts goes by the ending.
        assetFileNames: ({ names: [name = ''] }) =>
          name.endsWith('.traineddata.gz')
            ? `assets/${name.split('.')[0]}-[hash].traineddata`
            : 'assets/[name]-[hash][extname]',
      },
    },
  },
});
