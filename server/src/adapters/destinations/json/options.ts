import type { OptionsSchema } from '../../../pipeline/ports/destination.ts';
import {
  exportDirectorySchema,
  FIELD_SET_SCHEMA,
  type FileOptions,
  type FileSection,
  fileOptions,
  STATIC_TAGS_SCHEMA,
} from '../../shared/file-options.ts';

export interface JsonOptions extends FileOptions {
  /** False: the destination takes every event and writes none. */
  readonly enable: boolean;
}

interface JsonSection {
  /** Not a key of the configuration: where a replay writes instead, as for every file destination (rule 21). */
  readonly exportDirectory?: string;
  readonly objectdata: FileSection & { readonly enable: boolean };
}

/** `destination.json` */
export const jsonOptions: OptionsSchema<JsonOptions> = {
  jsonSchema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      objectdata: {
        description: 'What visualizations showed: one JSON file for each event that carries object data.',
        type: 'object',
        additionalProperties: false,
        default: {},
        properties: {
          enable: { description: 'Write the files.', type: 'boolean', default: false },
          exportDirectory: exportDirectorySchema(
            'audit-events/json',
            'JSON files (YYYYMMDDThhmmss.mmmZ_<eventId>_<correlationId>.json)',
          ),
          staticTags: STATIC_TAGS_SCHEMA,
          fieldSet: FIELD_SET_SCHEMA,
        },
      },
    },
  },
  parse(raw) {
    const { objectdata, exportDirectory = objectdata.exportDirectory } = raw as JsonSection;
    return { ...fileOptions({ ...objectdata, exportDirectory }), enable: objectdata.enable };
  },
};
