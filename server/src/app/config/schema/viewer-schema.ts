import type { JsonSchema } from '../../../pipeline/ports/destination.ts';
import { flag, port, section, text, texts } from './section.ts';

export const VIEWER_SCHEMA: JsonSchema = section(
  'The port where people and monitors read: status, metrics (Prometheus), health.',
  {
    enable: flag('Open the port.', true),
    host: text('Name or address to listen on.', { default: '127.0.0.1' }),
    port: port('Port to listen on; 0 takes any free one.', 8182),
    allowedHosts: texts(
      'Further names under which people reach the port. Requests under unknown names are refused, as a protection against DNS rebinding.',
      { default: [], examples: [['audit.yourcompany.com']] },
    ),
  },
);
