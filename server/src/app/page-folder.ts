import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the built page is: in a checkout with the viewer, in a published package beside the program. */
export function pageFolder(): string | undefined {
  const server = fileURLToPath(new URL('../..', import.meta.url));
  return [join(server, '..', 'viewer', 'dist'), join(server, 'dist', 'page')].find((folder) =>
    existsSync(join(folder, 'index.html')),
  );
}
