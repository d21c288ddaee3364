import { hash } from 'node:crypto';
import { type EpochMillis, epochMillis, toIsoString } from './epoch-millis.ts';
import { CodedError } from './errors.ts';
import type { NewLogEntry, Origin, PrivatePart, StoredEvent } from './log-entry.ts';
import { type Sequence, sequence } from './sequence.ts';

/**
 * The bytes of a log line (rules 1-3, `docs/event-log-format.md`). The format is final: hashes and proofs are made over
 * these bytes. A line is `{` public part `,` private part `}` newline; an erased line is `{` public part `}` newline.
 */

/** How every line begins; also how reading finds the next line after damage. */
export const LINE_START = '{"v":1,"seq":';
const HEADER_START = '{"segment":1,';
const DIGEST_KEY = ',"digest":"';
const ENVELOPE_KEY = ',"envelope":';
/** 32 bytes in base64url, without padding. */
const DIGEST_LENGTH = 43;
/** Its place, until the private part is known, and what parts the two. */
const DIGEST_SPACE = `${' '.repeat(DIGEST_LENGTH)}",`;
const SALT_BYTES = 16;
const NEWLINE = 0x0a;
const BRACE = 0x7d;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** First line of each segment. */
export interface SegmentHeader {
  readonly logId: string;
  readonly first: Sequence;
  readonly createdAt: EpochMillis;
}

/** A line read back whole: its public part has the exact form, and its digest is that of its private part. */
export interface WholeLine extends StoredEvent {
  /** The highest sequence known to be synced when the line was written (rule 2). */
  readonly durable: Sequence;
}

/** With its newline. */
export function encodeSegmentHeader(header: SegmentHeader): string {
  const { logId, first, createdAt } = header;
  return `${HEADER_START}"logId":${JSON.stringify(logId)},"first":${first},"createdAt":"${toIsoString(createdAt)}"}\n`;
}

const HEADER = /^\{"segment":1,"logId":"([0-9a-f-]{36})","first":(\d{1,16}),"createdAt":"([^"]{24})"\}$/;

/** @param text one line without its newline */
export function parseSegmentHeader(text: string): SegmentHeader | undefined {
  const [, logId, first, createdAt] = HEADER.exec(text) ?? [];
  if (logId === undefined || first === undefined || createdAt === undefined) return undefined;
  return { logId, first: sequence(Number(first)), createdAt: epochMillis(Date.parse(createdAt)) };
}

/** Enough bytes for the encoded line, newline included. */
export function maxLineBytes(entry: NewLogEntry): number {
  const { envelope, type, ip, auditQsVersion, actor, request } = entry;
  const texts = type.length + (ip?.length ?? 0) + (auditQsVersion?.length ?? 0) + (actor?.length ?? 0);
  // JSON may write a character as \uXXXX
  const escaped = 6 * (texts + entry.id.length + (request?.length ?? 0));
  return 512 + escaped + (typeof envelope === 'string' ? Buffer.byteLength(envelope) : envelope.length);
}

/**
 * Writes one line at `offset` of `into`, which has `maxLineBytes` left there.
 * @param durable rule 2
 * @param salt 16 random bytes in base64url: makes the digest say nothing about a private part that was erased
 * @returns the offset after the newline
 */
export function encodeLine(
  entry: NewLogEntry,
  seq: Sequence,
  durable: Sequence,
  salt: string,
  into: Buffer,
  offset: number,
): number {
  const { envelope } = entry;
  const open = publicPart(entry, seq, durable);
  const envelopeAt = offset + into.write(`${open}${DIGEST_SPACE}${privateHead(entry, salt)}`, offset);
  const end =
    envelopeAt + (typeof envelope === 'string' ? into.write(envelope, envelopeAt) : envelope.copy(into, envelopeAt));
  const digestAt = offset + Buffer.byteLength(open);
  into.write(digestOf(into, digestAt + DIGEST_SPACE.length, end), digestAt, 'latin1');
  into[end] = BRACE;
  into[end + 1] = NEWLINE;
  return end + 2;
}

/** From the opening brace to the quote before the digest. */
function publicPart(entry: Omit<NewLogEntry, 'envelope'>, seq: Sequence, durable: Sequence): string {
  let text =
    `${LINE_START}${seq},"durable":${durable},"at":"${isoText(entry.at)}","origin":"${entry.origin}"` +
    `,"id":${JSON.stringify(entry.id)},"type":${JSON.stringify(entry.type)}`;
  if (entry.awaits !== undefined) text += `,"awaits":"${entry.awaits}"`;
  if (entry.subject !== undefined) text += `,"subject":${entry.subject}`;
  return text + DIGEST_KEY;
}

let lastAt: EpochMillis | undefined;
let lastAtText = '';

/** Events of one batch came together. */
function isoText(at: EpochMillis): string {
  if (at !== lastAt) {
    lastAtText = toIsoString(at);
    lastAt = at;
  }
  return lastAtText;
}

/** Up to the envelope. */
function privateHead(entry: NewLogEntry, salt: string): string {
  let text = `"salt":"${salt}"`;
  if (entry.ip !== undefined) text += `,"ip":${JSON.stringify(entry.ip)}`;
  if (entry.auditQsVersion !== undefined) text += `,"auditQsVersion":${JSON.stringify(entry.auditQsVersion)}`;
  if (entry.actor !== undefined) text += `,"actor":${JSON.stringify(entry.actor)}`;
  if (entry.request !== undefined) text += `,"request":${JSON.stringify(entry.request)}`;
  return text + ENVELOPE_KEY;
}

/** base64url of a salt's 16 bytes at `offset`. */
export function saltText(random: Buffer, offset: number): string {
  return random.toString('base64url', offset, offset + SALT_BYTES);
}

function digestOf(bytes: Buffer, start: number, end: number): string {
  return hash('sha256', bytes.subarray(start, end), 'base64url');
}

/** Long enough for every public part that a client of today causes. */
const USUAL_PUBLIC_BYTES = 640;
const PUBLIC_PART =
  /^\{"v":1,"seq":(\d{1,16}),"durable":(\d{1,16}),"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","origin":"(client|server)","id":"([^"\\]{0,128})","type":"([^"\\]{1,256})"(,"awaits":"screenshot")?(?:,"subject":(\d{1,16}))?,"digest":"([\w-]{43})"[,}]/;

interface PublicPart extends Omit<WholeLine, 'kind' | 'private'> {
  /** Up to and including the quote after the digest. */
  readonly bytes: number;
}

/**
 * Reads one line, without its newline. Only the public part is parsed; `private()` parses the rest when it is asked.
 * The result keeps `bytes` alive.
 * @returns undefined for a line that is not whole: torn, altered, or not a line of this format
 */
export function parseLine(bytes: Buffer, start: number, end: number): WholeLine | undefined {
  const head = parsePublicPart(bytes, start, end);
  if (head === undefined || head.durable >= head.seq) return undefined;
  const digestEnd = start + head.bytes;
  const erased = digestEnd === end - 1;
  const last = end - 1;
  if (bytes[last] !== BRACE) return undefined;
  if (!erased && (bytes[digestEnd] !== COMMA || digestOf(bytes, digestEnd + 1, last) !== head.digest)) return undefined;
  const { seq, durable, at, origin, id, type, digest } = head;
  const line: WholeLine = {
    kind: 'event',
    seq,
    durable,
    at,
    origin,
    id,
    type,
    ...(head.awaits === undefined ? undefined : { awaits: head.awaits }),
    ...(head.subject === undefined ? undefined : { subject: head.subject }),
    digest,
    private: () => {
      if (erased) return undefined;
      if (lastParsed?.line !== line) {
        lastParsed = { line, part: parsePrivatePart(bytes.toString('utf8', digestEnd + 1, last)) };
      }
      return lastParsed.part;
    },
  };
  return line;
}

/** One line after the other is asked, each more than once. Were all kept, a batch of them would outlive its youth. */
let lastParsed: { readonly line: WholeLine; readonly part: PrivatePart } | undefined;

function parsePublicPart(bytes: Buffer, start: number, end: number): PublicPart | undefined {
  const text = bytes.toString('latin1', start, Math.min(end, start + USUAL_PUBLIC_BYTES));
  const found = PUBLIC_PART.exec(text);
  if (found === null) return text.startsWith(LINE_START) ? parseUnusualPublicPart(bytes, start, end) : undefined;
  const [whole, seq = '', durable = '', at = '', origin, id = '', type = '', awaits, subject, digest = ''] = found;
  return {
    seq: Number(seq) as Sequence,
    durable: Number(durable) as Sequence,
    at: epochMillis(Date.parse(at)),
    origin: origin as Origin,
    id: fromLatin1(id),
    type: fromLatin1(type),
    ...(awaits === undefined ? undefined : { awaits: 'screenshot' }),
    ...(subject === undefined ? undefined : { subject: Number(subject) as Sequence }),
    digest,
    bytes: whole.length - 1,
  };
}

const NOT_ASCII = /[^\0-\x7f]/;

function fromLatin1(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}

/** Names with escapes, or longer than usual: parsed as JSON, then accepted only if encoding it gives the same bytes. */
function parseUnusualPublicPart(bytes: Buffer, start: number, end: number): PublicPart | undefined {
  // a quote inside a JSON string is escaped, so this sequence of bytes can only be the key
  const key = bytes.subarray(start, end).indexOf(DIGEST_KEY);
  if (key === -1) return undefined;
  const digestAt = key + DIGEST_KEY.length;
  const text = bytes.toString('utf8', start, start + digestAt);
  const digest = bytes.toString('latin1', start + digestAt, start + digestAt + DIGEST_LENGTH);
  if (bytes[start + digestAt + DIGEST_LENGTH] !== QUOTE) return undefined;
  try {
    const members = JSON.parse(`${text}"}`) as Omit<PublicPart, 'at' | 'bytes'> & { readonly at: string };
    const head = { ...members, at: epochMillis(Date.parse(members.at)), digest, bytes: digestAt + DIGEST_LENGTH + 1 };
    const isKnown = /^(client|server)$/.test(head.origin) && /^(undefined|screenshot)$/.test(String(head.awaits));
    return isKnown && publicPart(head, head.seq, head.durable) === text ? head : undefined;
  } catch {
    return undefined;
  }
}

function parsePrivatePart(text: string): PrivatePart {
  // as with the digest: inside a JSON string the quote would be escaped
  const key = text.indexOf(ENVELOPE_KEY);
  const envelopeText = text.slice(key + ENVELOPE_KEY.length);
  const { salt: _, ...head } = JSON.parse(`{${text.slice(0, key)}}`) as { salt: string } & Omit<
    PrivatePart,
    'envelope' | 'envelopeText'
  >;
  return { ...head, envelope: parseEnvelope(envelopeText), envelopeText };
}

/** The digest vouches for the text; should it not be JSON all the same, followers still get a value and go on. */
function parseEnvelope(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What would make a line that no reader takes for one is a defect of the caller.
 * @throws CodedError DEFECT
 */
export function assertStorable(entry: NewLogEntry): void {
  if (entry.envelope.includes('\n')) throw new CodedError('DEFECT', 'an envelope with a newline cannot be stored');
  if (entry.type.startsWith('server.') !== (entry.origin === 'server') || entry.type === '') {
    throw new CodedError('DEFECT', `no type for a ${entry.origin} entry: ${entry.type}`);
  }
}
