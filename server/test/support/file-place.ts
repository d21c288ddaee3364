import { mkdtempSync, rmSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DestinationContext } from '../../src/pipeline/ports/destination.ts';
import { FakeClock } from './fake-clock.ts';
import { RecordingLogger } from './recording-logger.ts';

/** A temporary root with an export directory that can be made unusable: a plain file stands in its place. */
export class FilePlace {
  readonly root = mkdtempSync(join(tmpdir(), 'audit-export-'));
  readonly directory = join(this.root, 'export');
  readonly logger = new RecordingLogger();

  context(name: string): DestinationContext {
    return {
      name,
      logId: '11111111-2222-4333-8444-555555555555',
      clock: new FakeClock(),
      logger: this.logger,
      root: this.root,
      product: { name: 'butler-sos-audit', version: '15.0.0' },
    };
  }
  async break(): Promise<void> {
    await rename(this.directory, `${this.directory}.aside`);
    await writeFile(this.directory, '');
  }
  async mend(): Promise<void> {
    rmSync(this.directory);
    await rename(`${this.directory}.aside`, this.directory);
  }
  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
