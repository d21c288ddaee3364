import type { Logger } from '../../pipeline/ports/logger.ts';
import type { HostRules } from './host-rules.ts';
import type { ScreenshotSourceOptions } from './options.ts';

/** What is set up less safely than it should be, or cannot work. */
export function sayAtStart(options: ScreenshotSourceOptions, hosts: HostRules, logger: Logger): void {
  const warn = (message: string) => logger.warn({}, message);
  if (hosts.allowsAnyHost) {
    warn(
      'Pictures may be downloaded from any host, because cors.allowedOrigins is "*". Name the hosts in screenshots.allowedImageDownloadHosts.',
    );
  }
  if (hosts.allowsNoHost) {
    warn('No host is allowed for pictures: nothing can be downloaded. Set screenshots.allowedImageDownloadHosts.');
  }
  if (options.auth.mode === 'none') return;
  if (options.allowHttpCredentials) {
    warn('screenshots.allowHttpCredentials: tickets and sessions of users can be read on the network.');
  }
  if (!options.rejectUnauthorized) {
    warn('rejectUnauthorized is false: nobody checks that tickets and sessions go to the real Qlik Sense.');
  }
}
