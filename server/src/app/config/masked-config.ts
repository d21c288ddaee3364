import type { AuditConfig } from './config.ts';

/** Every setting with its default in the shape of the file, paths absolute, secrets as `********`: safe to print. */
export function maskedConfig(config: AuditConfig): Readonly<Record<string, unknown>> {
  return config.printable;
}
