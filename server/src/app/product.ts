import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The name and version that the API, the files and the command line give. */
export const PRODUCT: { readonly name: string; readonly version: string } = { name: 'butler-sos-audit', version };
