import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** 32 MiB and about a tenth of a second: what is usual for log-ins. */
const COST = { N: 2 ** 15, r: 8, p: 1 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const FORMAT = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3}):([\w-]{8,}):([\w-]{43})$/;
/** A hash of somebody else's making must not take the memory of the server. */
const MAX_MEMORY = 256 * 1024 * 1024;

/** `scrypt:N:r:p:salt:key`, salt and key in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return `scrypt:${COST.N}:${COST.r}:${COST.p}:${salt.toString('base64url')}:${key.toString('base64url')}`;
}

/** In the same time for every wrong password. False for a hash of another format. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, n = '', r = '', p = '', salt = '', key = ''] = FORMAT.exec(hash) ?? [];
  if (key === '') return false;
  try {
    const derived = await derive(password, Buffer.from(salt, 'base64url'), {
      N: Number(n),
      r: Number(r),
      p: Number(p),
    });
    return timingSafeEqual(derived, Buffer.from(key, 'base64url'));
  } catch {
    return false;
  }
}

function derive(password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // the same password typed with other code points is the same password
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, { ...cost, maxmem: MAX_MEMORY }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
