// Puts the built page into the server's package, dist/page: what is published has it without Vite.
// Plain JavaScript, for it may run on any Node.js.
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? '.', '..');
const page = join(root, 'viewer', 'dist');
if (!existsSync(join(page, 'index.html'))) await import('./build-page.mjs');
if (!existsSync(join(page, 'index.html'))) throw new Error('There is no page in viewer/dist: see the message above.');
cpSync(page, join(root, 'server', 'dist', 'page'), { recursive: true });
