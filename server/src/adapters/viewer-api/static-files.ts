import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};
const COMPRESSIBLE = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt']);

/** Everything from here, nothing in line: what came in with an event cannot run. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

const NO_PAGE =
  'The page was not built: npm run build --workspace butler-sos-audit-viewer, then start the server again.\n' +
  'The API works without it: /api/v1/trail/openapi.json\n';

interface StaticFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip?: Buffer;
  readonly brotli?: Buffer;
  /** Its name has its hash. */
  readonly isImmutable: boolean;
}

/**
 * The page as it was built, held in memory. Any other address that is not the API's is one of the page's own.
 * @param folder with `index.html`; without one, `/` says what to do
 */
export function addStaticFiles(app: FastifyInstance, folder: string | undefined): void {
  const files = folder === undefined ? new Map<string, StaticFile>() : readFiles(folder);
  const index = files.get('/index.html');
  if (index === undefined) {
    app.get('/', async (_request, reply) => reply.code(503).type('text/plain; charset=utf-8').send(NO_PAGE));
    return;
  }
  app.get('/*', async (request, reply) => {
    const path = (request.url.split('?')[0] ?? '/').split('#')[0] ?? '/';
    const file = files.get(path);
    if (file !== undefined && path !== '/index.html') return send(request, reply, file);
    if (/^\/(api|assets|health)(\/|$)/.test(path) || path === '/metrics') return reply.callNotFound();
    return send(request, reply, index);
  });
}

function send(request: FastifyRequest, reply: FastifyReply, file: StaticFile): FastifyReply {
  const accepted = String(request.headers['accept-encoding'] ?? '');
  reply.headers({
    ...PAGE_HEADERS,
    'content-type': file.type,
    'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'Accept-Encoding',
  });
  if (file.brotli !== undefined && /\bbr\b/.test(accepted))
    return reply.header('content-encoding', 'br').send(file.brotli);
  if (file.gzip !== undefined && /\bgzip\b/.test(accepted)) {
    return reply.header('content-encoding', 'gzip').send(file.gzip);
  }
  return reply.send(file.plain);
}

function readFiles(folder: string): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const name of namesIn(folder)) {
    const path = name.replaceAll('\\', '/');
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const plain = readFileSync(join(folder, name));
    const small = COMPRESSIBLE.has(extname(path)) ? { gzip: gzipSync(plain), brotli: brotliCompressSync(plain) } : {};
    files.set(`/${path}`, { type, plain, ...small, isImmutable: path.startsWith('assets/') });
  }
  return files;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  } catch {
    return [];
  }
}
