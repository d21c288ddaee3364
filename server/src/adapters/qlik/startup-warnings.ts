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
  for (const entry of hosts.unreadable) {
    warn(`screenshots.allowedImageDownloadHosts: "${entry}" is neither host nor host:port, and allows nothing.`);
  }
  if (options.auth.mode === 'none') return;
  const { host, userDirectory, userId, cert } = options.auth.qps;
  const missing = [
    ...(host === undefined ? ['auth.qps.host'] : []),
    ...(options.auth.mode === 'qpsTicket' && userDirectory === undefined ? ['auth.qps.userDirectory'] : []),
    ...(options.auth.mode === 'qpsTicket' && userId === undefined ? ['auth.qps.userId'] : []),
    ...(cert.clientCert === undefined ? ['clientCert'] : []),
    ...(cert.clientCertKey === undefined ? ['clientCertKey'] : []),
  ];
  const certPlace = missing.some((name) => name.startsWith('clientCert'))
    ? ' Certificates are those of auth.qps.cert where anything is set there, else those of Butler-SOS.cert.'
    : '';
  if (missing.length > 0) {
    warn(`screenshots.auth.mode is ${options.auth.mode}, but ${missing.join(', ')} is not set.${certPlace}`);
  }
  if (options.allowHttpCredentials) {
    warn('screenshots.allowHttpCredentials: tickets and sessions of users can be read on the network.');
  }
  if (!options.rejectUnauthorized) {
    warn('rejectUnauthorized is false: nobody checks that tickets and sessions go to the real Qlik Sense.');
  }
}
