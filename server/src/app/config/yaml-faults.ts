import { type Document, isCollection, isScalar, type Node, Scalar, visit, type YAMLError } from 'yaml';

export interface SyntaxFault {
  /** Offset in the text. */
  readonly at: number;
  readonly message: string;
}

export const NO_ANCHOR = 'expected an alias (*name) whose anchor (&name) stands before it, found one without';

type Code = YAMLError['code'];

/** The lines below are read as if nothing had been. */
const HARMLESS: readonly Code[] = ['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED', 'BAD_ALIAS'];
const COLONS: readonly Code[] = ['BLOCK_AS_IMPLICIT_KEY', 'MULTILINE_IMPLICIT_KEY'];
const FLOW = /^Flow (map|sequence)/;

/** What makes the text no YAML, in the order of the text and in words of our own: the package quotes it, secrets too. */
export function syntaxFaults(
  document: Document<Node, boolean>,
  text: string,
  lineOf: (offset: number) => number,
): readonly SyntaxFault[] {
  const found = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  return worthTelling(found, (fault) => lineOf(fault.pos[0])).map((fault) => {
    const [at] = fault.pos;
    const opened = openedBefore(document, fault);
    if (opened !== undefined) {
      return { at: opened.at, message: `expected ${opened.closing} for what begins here, found none` };
    }
    const first = fault.code === 'DUPLICATE_KEY' ? firstOfSameKey(document, at) : undefined;
    if (first === undefined) return { at, message: messageOf(fault, text) };
    return { at, message: `expected each key once, found the same key in line ${lineOf(first)}; make one of the two` };
  });
}

/**
 * All, without the noise: what the reader says of the rest of a line behind a fault that derails it, of the indentation below
 * a line that is indented wrongly, of each line of a block that is, and what it says once it has lost its way altogether.
 */
function worthTelling(sorted: readonly YAMLError[], lineOf: (fault: YAMLError) => number): readonly YAMLError[] {
  let derailedLine: number | undefined;
  let lost: 'nothing' | 'colons' | 'indentation' = 'nothing';
  let colonLine: number | undefined;
  return sorted.filter((fault) => {
    const { code, message } = fault;
    if (lineOf(fault) === derailedLine) return false;
    const isColon = COLONS.includes(code);
    const isOfBlock = isColon && colonLine !== undefined && lineOf(fault) <= colonLine + 1;
    if (isColon) colonLine = lineOf(fault);
    if (isOfBlock) return false;
    if (derailedLine !== undefined && / in YAML stream/.test(message)) return false;
    if (isIndentation(fault) && lost !== 'nothing') return false;
    if (isColon && lost === 'indentation') return false;
    if (isIndentation(fault) || code === 'TAB_AS_INDENT') lost = 'indentation';
    else if (isColon && lost === 'nothing') lost = 'colons';
    if (!HARMLESS.includes(code)) derailedLine = lineOf(fault);
    return true;
  });
}

function isIndentation({ code, message }: YAMLError): boolean {
  return code === 'BAD_INDENT' && !FLOW.test(message);
}

/** The quote or bracket that stays open: the reader finds out far below, often at the end of the file. */
function openedBefore(
  document: Document<Node, boolean>,
  { message, pos: [found] }: YAMLError,
): { readonly at: number; readonly closing: string } | undefined {
  if (!FLOW.test(message) && !/^Missing closing/.test(message)) return undefined;
  let at: number | undefined;
  visit(document, {
    Node: (_key, node) => {
      const isOpen = (isCollection(node) && node.flow === true) || (isScalar(node) && isQuoted(node.type));
      if (isOpen && node.range?.[1] === found) at = node.range[0];
    },
  });
  const flow = FLOW.exec(message)?.[1];
  const closing = flow === undefined ? 'the closing quote' : flow === 'map' ? 'the closing "}"' : 'the closing "]"';
  return at === undefined ? undefined : { at, closing };
}

/** Where the key stands that is repeated at an offset. */
function firstOfSameKey(document: Document<Node, boolean>, repeated: number): number | undefined {
  let first: number | undefined;
  visit(document, {
    Map: (_key, { items }) => {
      const keys = items.map(({ key }) => (isScalar(key) ? key : undefined));
      const again = keys.find((key) => key?.range?.[0] === repeated);
      if (again !== undefined) first ??= keys.find((key) => key?.value === again.value)?.range?.[0];
    },
  });
  return first;
}

function isQuoted(type: Scalar['type']): boolean {
  return type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE;
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: what people write in the file
const UNQUOTED_REFERENCE = 'expected quotes around ${NAME} between brackets or braces, found none';
const NO_CLOSING = 'expected a closing quote, bracket or comma, found the end of the value';

function messageOf({ code, message, pos: [at] }: YAMLError, text: string): string {
  // between brackets a brace begins a mapping
  if (!HARMLESS.includes(code) && /\$\{\w*\}?$/.test(text.slice(Math.max(0, at - 50), at + 1)))
    return UNQUOTED_REFERENCE;
  const known: Partial<Record<Code, string>> = {
    DUPLICATE_KEY: 'expected each key once, found the same key again in this mapping',
    TAB_AS_INDENT: 'expected spaces for indentation, found a tab',
    BAD_INDENT: 'expected the indentation of the lines around it, found another one',
    BAD_ALIAS: /cannot be an empty/.test(message) ? 'expected quotes around "*", found none' : NO_ANCHOR,
    TAG_RESOLVE_FAILED: 'expected a plain value, found a tag (!name) that is not known here',
    BAD_DQ_ESCAPE:
      'expected a valid escape after the backslash, found another one; in a Windows path write single quotes, or \\\\ for each \\',
    MULTIPLE_DOCS: 'expected one YAML document, found another one after "---" or "..."',
    MISSING_CHAR: missing(message),
    BAD_SCALAR_START: 'expected quotes around a value that starts with this character',
    MULTILINE_IMPLICIT_KEY: 'expected "key: value" on one line, found a key over several lines; is a colon missing?',
    BLOCK_AS_IMPLICIT_KEY:
      'expected one "key: value" on this line, found another colon; put the value into quotes, or indent the next line less if the colon is there',
    BLOCK_IN_FLOW: 'expected a value within the brackets, found an indented block',
    RESOURCE_EXHAUSTION: 'expected a configuration, found nesting without an end',
  };
  const own = known[code];
  if (own !== undefined) return own;
  return code === 'UNEXPECTED_TOKEN'
    ? 'expected YAML, found something that does not belong here'
    : `expected valid YAML (${message.replace(/["'`].*$/s, '').trim()})`;
}

function missing(message: string): string {
  if (/^Implicit map keys/.test(message))
    return 'expected "key: value", found a key without a colon and a space behind it';
  if (/^Comments must/.test(message)) return 'expected a space before "#", found none';
  return /^Sequence item/.test(message) ? 'expected "- " before each item of the list, found none' : NO_CLOSING;
}
