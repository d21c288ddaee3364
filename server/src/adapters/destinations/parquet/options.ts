import type { OptionsSchema } from '../../../pipeline/ports/destination.ts';
import {
  type BatchFileOptions,
  type BatchFileSection,
  batchFileOptions,
  batchFileSchema,
} from '../../shared/file-options.ts';

/** `destination.parquet` */
export const parquetOptions: OptionsSchema<BatchFileOptions> = {
  jsonSchema: batchFileSchema('audit-events/parquet', 'Parquet files (YYYYMMDD_partN.parquet)', 'parquet'),
  parse: (raw) => batchFileOptions(raw as BatchFileSection, 'parquet'),
};
