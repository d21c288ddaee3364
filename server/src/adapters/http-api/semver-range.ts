import { satisfies } from 'semver';
import type { SatisfiesRange } from '../../domain/compatibility.ts';

/** As npm reads ranges: a pre-release lies only in a range that names one. */
export const satisfiesRange: SatisfiesRange = (version, range) => satisfies(version, range);
