import { createPinoLogger } from '../../adapters/pino-logger/pino-logger.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { startAuditServer } from '../audit-server.ts';
import type { LoadedConfig } from '../config/config.ts';
import type { ThreadLogger } from '../threads/contracts.ts';

/** Runs `work` while this process is the server, with its ports closed, so that nobody can post meanwhile. */
export async function withoutPorts<T>(loaded: LoadedConfig, work: () => Promise<T>): Promise<T> {
  const log: ThreadLogger = { level: 'warn', format: 'text', to: 'stderr' };
  const logger = createPinoLogger(log);
  const server = await startAuditServer(loaded, { logger, log, clock: systemClock, ports: false });
  try {
    return await work();
  } finally {
    await server.stop();
  }
}
