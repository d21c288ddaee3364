import type { OptionsSchema } from '../../../pipeline/ports/destination.ts';
import {
  type BatchFileOptions,
  type BatchFileSection,
  batchFileOptions,
  batchFileSchema,
} from '../../shared/file-options.ts';

/** `destination.qvd` */
export const qvdOptions: OptionsSchema<BatchFileOptions> = {
  jsonSchema: batchFileSchema('audit-events/qvd', 'QVD files for Qlik Sense (YYYYMMDD_partN.qvd)', 'qvd'),
  parse: (raw) => batchFileOptions(raw as BatchFileSection, 'qvd'),
};
