import { CodedError } from '../domain/errors.ts';
import type { DestinationContext, OpenedDestination } from '../pipeline/ports/destination.ts';
import type { AuditConfig } from './config/config.ts';
import { destinations as registry } from './destination-registry.ts';
import { PRODUCT } from './product.ts';

export interface DestinationOpening extends Omit<DestinationContext, 'root' | 'product'> {
  /** As configured; `name` may be that of a replay to it. */
  readonly destination: string;
  /** Instead of the configured one. */
  readonly exportDirectory?: string | undefined;
}

/** No I/O. @throws CodedError REPLAY_NOT_POSSIBLE for a destination that is not configured */
export function openDestination(config: AuditConfig, opening: DestinationOpening): OpenedDestination {
  const { destination, exportDirectory, ...context } = opening;
  const configured = config.destinations.find(({ name }) => name === destination);
  const registered = registry.find(({ type }) => type === configured?.type);
  if (configured === undefined || registered === undefined) {
    throw new CodedError('REPLAY_NOT_POSSIBLE', `The destination ${destination} is not configured.`, { destination });
  }
  const { rawOptions } = configured;
  return registered.open(exportDirectory === undefined ? rawOptions : { ...rawOptions, exportDirectory }, {
    ...context,
    root: config.root,
    product: PRODUCT,
  });
}
