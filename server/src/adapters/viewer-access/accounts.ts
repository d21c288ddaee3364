import type { TrailReader } from '../../pipeline/trail/reader.ts';

/** One who may look. */
export interface Account {
  readonly name: string;
  readonly passwordHash?: string;
  readonly role: 'reader' | 'admin';
  /** Undefined: all. */
  readonly apps?: readonly string[];
  readonly pictures: boolean;
  readonly objectData: boolean;
}

/** For a script; only a hash of the token is kept. */
export interface ApiToken extends Omit<Account, 'passwordHash'> {
  /** Hex SHA-256: a token is 32 random bytes, so no slow hash is needed. */
  readonly sha256: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** An administrator sees everything; limits are for readers. */
export function readerOf({ name, role, apps, pictures, objectData }: Omit<Account, 'passwordHash'>): TrailReader {
  const isAdmin = role === 'admin';
  return {
    name,
    role,
    apps: isAdmin ? null : (apps ?? null),
    maySeePictures: isAdmin || pictures,
    maySeeObjectData: isAdmin || objectData,
  };
}
