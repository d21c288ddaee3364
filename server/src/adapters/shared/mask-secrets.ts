/** A shorter text is in half of all sentences: masking it would mutilate them and hide nothing. */
const MIN_LENGTH = 4;

/** A text that came from outside or names what was sent there, without the secrets, in whatever case they are written. */
export function maskSecrets(text: string, secrets: Iterable<string>): string {
  let masked = text;
  for (const secret of secrets) {
    if (secret.length < MIN_LENGTH) continue;
    masked = masked.replaceAll(new RegExp(secret.replaceAll(/[^A-Za-z0-9]/g, '\\$&'), 'gi'), '********');
  }
  return masked;
}
