// Builds the audit-trail page into viewer/dist, as the last step of `npm ci`. Never fails an installation: the server
// runs without the page, and says so there. Plain JavaScript, for it may run on any Node.js.
import { join } from 'node:path';

const root = join(import.meta.dirname ?? '.', '..', 'viewer');
try {
  const { build } = await import('vite');
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error' });
} catch (error) {
  process.stderr.write(
    `The audit-trail page was not built: ${error instanceof Error ? error.message : String(error)}\n` +
      (root.includes('#') ? 'Vite cannot build where the path has a "#": rename that folder.\n' : '') +
      'The server works without it. Try again with: npm run build --workspace butler-sos-audit-viewer\n',
  );
}
