import { createScreenshotSource } from '../adapters/qlik/screenshot-source.ts';
import { ScreenshotFiles } from '../adapters/screenshot-files/screenshot-files.ts';
import { createScreenshotEditor } from '../adapters/screenshot-images/screenshot-editor.ts';
import { isReadableByEverybody } from '../adapters/shared/private-folder.ts';
import type { ScreenshotSource } from '../pipeline/ports/screenshots.ts';
import { ScreenshotCounts } from '../pipeline/screenshot-counts.ts';
import { ScreenshotWorker } from '../pipeline/screenshot-worker.ts';
import type { AuditConfig } from './config/config.ts';
import { certificateFaults } from './config/qlik-certificates.ts';
import type { ScreenshotPartOptions } from './screenshot-part.ts';

export function createPictureSource(
  config: AuditConfig,
  parts: Pick<ScreenshotPartOptions, 'sessions' | 'clock' | 'logger' | 'metrics'>,
): ScreenshotSource {
  return createScreenshotSource(
    {
      ...config.screenshots,
      allowedOrigins: config.http.cors.allowedOrigins,
      rejectUnauthorized: config.certs.rejectUnauthorized,
    },
    parts,
  );
}

/** As configured: where pictures come from, what is made of them, and where they go. */
export function createScreenshotWorker(config: AuditConfig, parts: ScreenshotPartOptions): ScreenshotWorker {
  const { storageTargets, addInImageMetadata, maxConcurrent, maxWaitMs } = config.screenshots;
  const { logId, clock, logger, metrics } = parts;
  for (const { directory } of storageTargets) {
    if (isReadableByEverybody(directory)) {
      logger.warn({ directory }, 'Everybody on this machine can read the pictures.');
    }
  }
  void warnOfCertificates(config, parts); // on a share that does not answer this takes for ever
  return new ScreenshotWorker({
    ...parts,
    source: createPictureSource(config, parts),
    editor: createScreenshotEditor(),
    store: new ScreenshotFiles({ targets: storageTargets, logId, clock }),
    addInImageMetadata,
    offsetMinutesAt: (at) => -new Date(at).getTimezoneOffset(),
    counts: new ScreenshotCounts(metrics),
    // what is in processing after the log is bounded as a whole, too
    maxConcurrent: Math.min(maxConcurrent, config.http.queue.messageQueue.maxConcurrent),
    maxWaitMs,
    random: Math.random,
    clock,
    logger,
  });
}

async function warnOfCertificates(
  config: AuditConfig,
  { clock, logger }: Pick<ScreenshotPartOptions, 'clock' | 'logger'>,
): Promise<void> {
  for (const { setting, problem } of await certificateFaults(config, new Date(clock.now()))) {
    logger.warn({ setting, problem }, 'No log-in at Qlik Sense works with this certificate file.');
  }
}
