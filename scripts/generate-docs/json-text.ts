const LINE_WIDTH = 120;

/** JSON laid out as the formatter of this repository does: short lists on one line, everything else broken. */
export function jsonText(value: unknown): string {
  return `${layOut(value, '', 0)}\n`;
}

/** `before`: characters that already stand on the line. */
function layOut(value: unknown, indent: string, before: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const flat = onOneLine(value);
    if (flat !== undefined && before + flat.length + 1 <= LINE_WIDTH) return flat;
    return `[\n${value.map((item) => inner + layOut(item, inner, inner.length)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, item]) => {
    const head = `${inner}${JSON.stringify(key)}: `;
    return head + layOut(item, inner, head.length);
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

/** Undefined where there is a mapping in it, which is always broken. */
function onOneLine(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (!Array.isArray(value)) return undefined;
  const items = value.map(onOneLine);
  return items.includes(undefined) ? undefined : `[${items.join(', ')}]`;
}
