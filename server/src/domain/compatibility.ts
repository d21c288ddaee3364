/** Which versions of Audit.qs, the browser extension, go with which versions of this API. */
const MATRIX: readonly { readonly butlerSos: string; readonly auditQs: string }[] = [
  { butlerSos: '>=15.0.0 <16.0.0', auditQs: '>=0.3.0 <0.4.0' },
];

export interface CompatibilityOptions {
  /** Our own version. */
  readonly butlerSosVersion: string;
  /** A semver range instead of the matrix. */
  readonly auditQsVersionRange?: string;
  readonly onIncompatible: 'reject' | 'accept';
}

/** Does a version lie in a semver range? False for what is no version. */
export type SatisfiesRange = (version: string, range: string) => boolean;

/** Distinct versions that are remembered; clients choose what they send. */
const MAX_REMEMBERED = 100;

/** Says of a version of Audit.qs whether it goes with ours: the matrix of the Butler SOS documents, or the operator's range. */
export class Compatibility {
  readonly butlerSosVersion: string;
  /** True: events of other versions are refused; false: stored all the same. */
  readonly rejects: boolean;
  readonly #range: string | undefined;
  readonly #satisfies: SatisfiesRange;
  readonly #remembered = new Map<string, boolean>();

  constructor(options: CompatibilityOptions, satisfies: SatisfiesRange) {
    this.butlerSosVersion = options.butlerSosVersion;
    this.rejects = options.onIncompatible === 'reject';
    this.#satisfies = satisfies;
    this.#range =
      options.auditQsVersionRange ?? MATRIX.find((row) => satisfies(options.butlerSosVersion, row.butlerSos))?.auditQs;
  }

  /** A version that is not known to fit does not fit. */
  isCompatible(auditQsVersion: string): boolean {
    const remembered = this.#remembered.get(auditQsVersion);
    if (remembered !== undefined) return remembered;
    const compatible = this.#range !== undefined && this.#satisfies(auditQsVersion, this.#range);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(auditQsVersion, compatible);
    return compatible;
  }
}

/** The first of several values of the header that says something; undefined when none does. */
export function firstVersion(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  return header
    .split(',')
    .map((value) => value.trim())
    .find((value) => value !== '');
}
