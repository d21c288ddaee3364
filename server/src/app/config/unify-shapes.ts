import { IMAGE_FACTS } from '../../domain/screenshot-annotation.ts';
import { METADATA_DESTINATIONS } from './schema/settings-schema.ts';
import { emptyMapping, kindName, type MappingSetting, type Problem, problem, type Setting } from './setting.ts';

/**
 * Brings the documented shapes of a file into the one that the schema knows, in place. Every setting keeps the path and line
 * that it has in the file. The same key in both shapes is a problem.
 */
export function unifyShapes(root: MappingSetting): readonly Problem[] {
  const problems: Problem[] = [];
  // the public documents show `auditEvents:` without `Butler-SOS:` above it, too
  moveBelow(root, 'auditEvents', ['Butler-SOS', 'auditEvents'], problems);
  const auditEvents = mappingAt(root, ['Butler-SOS', 'auditEvents']);
  const destination = mappingAt(auditEvents, ['destination']);
  if (auditEvents === undefined) return problems;
  if (destination !== undefined) {
    for (const type of METADATA_DESTINATIONS) liftUp(mappingAt(destination, [type]), 'metadata', problems);
    const screenshots = destination.entries.get('screenshots');
    destination.entries.delete('screenshots');
    if (screenshots !== undefined) place(auditEvents, 'screenshots', screenshots, problems);
  }
  const facts = mappingAt(auditEvents, ['screenshots', 'addInImageMetadata']);
  if (facts !== undefined) unifyImageFacts(facts, problems);
  return problems;
}

/** `{enable, fields: {…, user}}` becomes `{…, userId}`; `enable: false` switches every fact off. */
function unifyImageFacts(facts: MappingSetting, problems: Problem[]): void {
  liftUp(facts, 'fields', problems);
  const user = facts.entries.get('user');
  facts.entries.delete('user');
  if (user !== undefined) place(facts, 'userId', user, problems);
  const enable = facts.entries.get('enable');
  facts.entries.delete('enable');
  if (enable === undefined || (enable.kind === 'scalar' && enable.value === true)) return;
  if (enable.kind !== 'scalar' || enable.value !== false) {
    problems.push(problem(enable, `expected true or false, found ${kindName(enable)}`));
    return;
  }
  for (const fact of IMAGE_FACTS) {
    const given = facts.entries.get(fact);
    if (given?.kind === 'scalar' && given.value === true) facts.entries.set(fact, { ...given, value: false });
  }
}

function moveBelow(root: MappingSetting, key: string, target: readonly [string, string], problems: Problem[]): void {
  const moved = root.entries.get(key);
  if (moved === undefined) return;
  root.entries.delete(key);
  const [parentKey, childKey] = target;
  const parent = root.entries.get(parentKey);
  if (parent === undefined || isNothing(parent))
    root.entries.set(parentKey, emptyMapping({ ...moved, path: parentKey }));
  const mapping = mappingAt(root, [parentKey]);
  if (mapping !== undefined) place(mapping, childKey, moved, problems);
}

/** The contents of `key` move one level up. */
function liftUp(mapping: MappingSetting | undefined, key: string, problems: Problem[]): void {
  const inner = mapping?.entries.get(key);
  if (mapping === undefined || inner === undefined) return;
  mapping.entries.delete(key);
  if (isNothing(inner)) return;
  if (inner.kind !== 'mapping') {
    problems.push(problem(inner, `expected a mapping, found ${kindName(inner)}`));
    return;
  }
  for (const [name, setting] of inner.entries) place(mapping, name, setting, problems);
}

function place(mapping: MappingSetting, key: string, setting: Setting, problems: Problem[]): void {
  const present = mapping.entries.get(key);
  if (present === undefined || isNothing(present)) mapping.entries.set(key, setting);
  else if (present.kind === 'mapping' && setting.kind === 'mapping') {
    for (const [name, below] of setting.entries) place(present, name, below, problems);
  } else if (!isNothing(setting)) {
    const order = present.line - setting.line || present.column - setting.column;
    const [first, second] = order <= 0 ? [present, setting] : [setting, present];
    const message = `expected this setting once, found it as ${first.path} in line ${first.line}, too; keep one of them`;
    problems.push(problem(second, message));
  }
}

function isNothing(setting: Setting): boolean {
  return setting.kind === 'scalar' && setting.value === null;
}

function mappingAt(from: MappingSetting | undefined, keys: readonly string[]): MappingSetting | undefined {
  let at: Setting | undefined = from;
  for (const key of keys) at = at?.kind === 'mapping' ? at.entries.get(key) : undefined;
  return at?.kind === 'mapping' ? at : undefined;
}
