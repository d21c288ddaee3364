import { QvdError } from '../errors.ts';

/** What is told while the header is read, in document order. Attributes are checked and dropped. */
export interface XmlEvents {
  open(name: string): void;
  text(text: string): void;
  close(name: string): void;
}

const NAME = /[A-Za-z_:\u0080-\uffff][-A-Za-z0-9_:.\u0080-\uffff]*/y;
const ATTRIBUTE = /\s+[A-Za-z_:\u0080-\uffff][-A-Za-z0-9_:.\u0080-\uffff]*\s*=\s*("[^<"]*"|'[^<']*')/y;
const SPACE = /\s*/y;
const ENTITY = /&(?:#(\d{1,8})|#x([0-9A-Fa-f]{1,8})|(amp|lt|gt|quot|apos));/y;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const DEEPEST = 64;

/**
 * Reads a small XML document: elements, text, comments, CDATA, processing instructions, the five named entities and
 * character references. Anything else, a DTD above all, is refused. One pass, no recursion, nothing kept.
 * @throws {QvdError} QVD_HEADER_XML with the line
 */
export function scanXml(xml: string, events: XmlEvents): void {
  const open: string[] = [];
  let at = 0;
  let rootSeen = false;
  const fail = (problem: string): never => {
    throw new QvdError('QVD_HEADER_XML', `the header is not valid XML, line ${lineOf(xml, at)}: ${problem}`);
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(xml);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  const skipPast = (end: string, from: number, what: string): number => {
    const found = xml.indexOf(end, from);
    if (found < 0) fail(`${what} has no end`);
    at = found + end.length;
    return found;
  };
  const name = (): string => match(NAME)?.[0] ?? fail('a name is expected');

  const startTag = (): void => {
    at += 1;
    const tag = name();
    while (match(ATTRIBUTE) !== null);
    match(SPACE);
    if (open.length === 0 && rootSeen) fail('there is more than one root element');
    if (open.length === DEEPEST) fail(`elements are nested more than ${DEEPEST} deep`);
    rootSeen = true;
    events.open(tag);
    if (xml.startsWith('/>', at)) {
      at += 2;
      events.close(tag);
    } else if (xml[at] === '>') {
      at += 1;
      open.push(tag);
    } else fail(`the tag <${tag}> has no proper end`);
  };
  const endTag = (): void => {
    at += 2;
    const tag = name();
    match(SPACE);
    if (xml[at] !== '>') fail(`the tag </${tag}> has no proper end`);
    if (open.pop() !== tag) fail(`</${tag}> closes what was not opened last`);
    at += 1;
    events.close(tag);
  };
  const text = (raw: string): void => {
    if (open.length > 0) events.text(raw.replace(/\r\n?/g, '\n'));
    else if (/\S/.test(raw)) fail('there is text outside the root element');
  };
  const entity = (): void => {
    const found = match(ENTITY);
    if (found === null) throw fail('an unknown entity, or & that is not escaped');
    if (open.length === 0) fail('there is text outside the root element');
    const [, decimal, hex, named] = found;
    if (named !== undefined) {
      events.text(NAMED[named] ?? '');
      return;
    }
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(decimal, 10);
    if (!isXmlCharacter(code)) fail(`a reference to a character that XML does not have (${code})`);
    events.text(String.fromCodePoint(code));
  };

  while (at < xml.length) {
    if (xml[at] === '&') entity();
    else if (xml[at] !== '<') {
      const end = nextMarkup(xml, at);
      const raw = xml.slice(at, end);
      text(raw);
      at = end;
    } else if (xml.startsWith('<!--', at)) skipPast('-->', at + 4, 'a comment');
    else if (xml.startsWith('<![CDATA[', at)) {
      const start = at + 9;
      const end = skipPast(']]>', start, 'a CDATA section');
      text(xml.slice(start, end));
    } else if (xml.startsWith('<?', at)) skipPast('?>', at + 2, 'a processing instruction');
    else if (xml.startsWith('<!', at)) fail('a DTD is not accepted');
    else if (xml.startsWith('</', at)) endTag();
    else startTag();
  }
  if (open.length > 0) fail(`<${open.at(-1)}> is not closed`);
  if (!rootSeen) fail('there is no element');
}

function nextMarkup(xml: string, from: number): number {
  for (let at = from; at < xml.length; at++) {
    const code = xml.charCodeAt(at);
    if (code === 0x3c || code === 0x26) return at;
  }
  return xml.length;
}

function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

function lineOf(xml: string, at: number): number {
  let line = 1;
  for (let found = xml.indexOf('\n'); found >= 0 && found < at; found = xml.indexOf('\n', found + 1)) line += 1;
  return line;
}
