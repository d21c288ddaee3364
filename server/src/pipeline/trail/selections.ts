import { membersOf } from '../../domain/payload-member.ts';
import type { TrailSelection } from '../../domain/trail.ts';

const SHOWN_LENGTH = 400;
const MAX_TEXTS = 200;
const MAX_TEXT_LENGTH = 400;

/**
 * The fields and values of a selection, whichever way a client spells them: as the Qlik engine sums them up
 * (`qField`, `qSelected`, `qSelectedCount`), or as `field` and `values`. Entries without a field are left out.
 * @param details the column `selectionDetails`: JSON text as sent
 */
export function selectionsOf(details: string | null): readonly TrailSelection[] {
  if (details === null) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(details);
  } catch {
    return [];
  }
  const entries = Array.isArray(parsed) ? parsed : [parsed];
  return entries.map(selectionOf).filter((selection) => selection !== undefined);
}

/** `Region = Europe, Asia; Year = 2024`; cut when it is long. Null without a selection. */
export function selectionsText(selections: readonly TrailSelection[]): string | null {
  if (selections.length === 0) return null;
  let text = '';
  for (const { field, values, count } of selections) {
    if (text.length > SHOWN_LENGTH) break;
    text += text === '' ? '' : '; ';
    if (values.length === 0) text += count === 0 ? `${field} cleared` : `${field} (${count} values)`;
    else text += `${field} = ${values.slice(0, 50).join(', ')}${count > values.length ? `, … (${count})` : ''}`;
  }
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH).toWellFormed()}…` : text;
}

/** Fields and values to be found by, each once. */
export function selectionTexts(selections: readonly TrailSelection[]): readonly string[] {
  const texts = new Set<string>();
  for (const { field, values } of selections) {
    for (const text of [field, ...values]) {
      if (texts.size >= MAX_TEXTS) return [...texts];
      texts.add(text.slice(0, MAX_TEXT_LENGTH));
    }
  }
  return [...texts];
}

function selectionOf(entry: unknown): TrailSelection | undefined {
  const members = membersOf(entry);
  const field = firstText(members, ['qField', 'field', 'fieldName', 'qName', 'name']);
  if (field === undefined) return undefined;
  const listed = firstList(members, ['values', 'selectedValues', 'qSelectedValues', 'selected']);
  const summary = firstText(members, ['qSelected', 'selected', 'value']);
  const count = firstCount(members, ['qSelectedCount', 'selectedCount', 'count']);
  const values = listed ?? (summary === undefined || summary === '' ? [] : valuesOf(summary, count));
  return { field, values, count: Math.max(count ?? 0, values.length) };
}

/** The engine joins values with a comma and a blank; where that gives another number of values, it is one text. */
function valuesOf(summary: string, count: number | undefined): readonly string[] {
  const parts = summary.split(', ');
  return count === undefined || parts.length === count ? parts : [summary];
}

function firstText(members: Readonly<Record<string, unknown>>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = members[name];
    if (typeof value === 'string') return value.toWellFormed();
  }
  return undefined;
}

function firstCount(members: Readonly<Record<string, unknown>>, names: readonly string[]): number | undefined {
  const found = names.map((name) => members[name]).find((value) => Number.isSafeInteger(value));
  return typeof found === 'number' && found >= 0 ? found : undefined;
}

function firstList(members: Readonly<Record<string, unknown>>, names: readonly string[]): string[] | undefined {
  const list = names.map((name) => members[name]).find((value) => Array.isArray(value));
  return Array.isArray(list) ? list.map(valueText) : undefined;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value.toWellFormed();
  const members = membersOf(value);
  const text = members.qText ?? members.text ?? members.value ?? members.qNum ?? value;
  return (typeof text === 'string' ? text : (JSON.stringify(text) ?? '')).toWellFormed();
}
