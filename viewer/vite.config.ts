import { defineConfig } from 'vite';

/** During development the API comes from the mock (`npm run mock -w butler-sos-audit-viewer`) or from a real server. */
const api = process.env.TRAIL_API ?? 'http://127.0.0.1:8183';

// biome-ignore lint/style/noDefaultExport: Vite asks for one
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // data: URLs would need a laxer Content-Security-Policy
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // font and libraries may be handed on with their licences only
    license: { fileName: 'licenses.txt' },
  },
  server: { port: 5173, proxy: { '/api': api } },
});
