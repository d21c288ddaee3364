import type { Logger } from '../pipeline/ports/logger.ts';
import { arePicturesFetched } from './config/are-pictures-fetched.ts';
import { expiryWarnings } from './config/check-tls-files.ts';
import type { LoadedConfig } from './config/config.ts';
import { dailyDirectoryOf, exportDirectoryOf } from './config/export-directory.ts';
import { startupWarnings } from './config/startup-warnings.ts';

/** What an operator should know at every start: where things are (absolute), and what is set up in a risky or surprising way. */
export function startupNotices(loaded: LoadedConfig, logger: Logger, now: Date): void {
  const { config, notes } = loaded;
  const warnings = [...loaded.warnings, ...expiryWarnings(loaded, now)];
  logger.info(
    { config: config.file ?? 'built-in default', root: config.root, eventLog: config.eventLog.directory },
    'Starting.',
  );
  for (const destination of config.destinations) {
    const { name } = destination;
    const exportDirectory = exportDirectoryOf(config, destination);
    const dailyDirectory = dailyDirectoryOf(config, destination);
    logger.info(
      {
        destination: name,
        ...(exportDirectory === undefined ? {} : { exportDirectory }),
        ...(dailyDirectory === undefined ? {} : { dailyDirectory }),
      },
      'Delivering to this destination.',
    );
  }
  if (arePicturesFetched(config.screenshots)) {
    for (const target of config.screenshots.storageTargets)
      logger.info({ ...target }, 'Keeping pictures in this folder.');
    if (config.generatedTokenFile !== undefined) {
      logger.info(
        { from: config.screenshots.allowedImageDownloadHosts?.join() },
        'Without a configuration file, pictures come from "npm run simulate" alone. Those of Qlik Sense: see docs/screenshots.md.',
      );
    }
  }
  for (const { path, line, message } of notes) logger.info({ path, line }, message);
  for (const { path, line, message } of warnings) logger.warn({ path, line }, message);
  for (const message of startupWarnings(config)) logger.warn({}, message);
  if (!config.enable)
    logger.warn({}, 'auditEvents.enable is false: no events are received; what the log holds is still delivered.');
}
