import { influxdbDestination } from '../adapters/destinations/influxdb/index.ts';
import { jsonDestination } from '../adapters/destinations/json/index.ts';
import { parquetDestination } from '../adapters/destinations/parquet/index.ts';
import { qvdDestination } from '../adapters/destinations/qvd/index.ts';
import { defineDestination, type RegisteredDestination } from '../pipeline/ports/destination.ts';

/** Every kind of destination; the key in the configuration is its `type`. */
export const destinations: readonly RegisteredDestination[] = [
  defineDestination(influxdbDestination),
  defineDestination(parquetDestination),
  defineDestination(qvdDestination),
  defineDestination(jsonDestination),
];
