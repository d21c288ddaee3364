import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tableColumns } from '../../src/domain/table-row.ts';
import { DASHBOARDS } from '../support/grafana.ts';
import { fieldsIn, readScript } from './qlik-script.ts';

for (const fieldSet of ['documented', 'extended'] as const) {
  const script = readScript(readFileSync(join(DASHBOARDS, `qlik/audit-${fieldSet}.qvs`), 'utf8'));
  const fields = new Set(tableColumns(fieldSet, []).map(({ name }) => name));
  const fromFiles = script.loads.filter(({ source }) => source === 'qvd');

  test(`Qlik script, ${fieldSet}: every field that it loads is in the files`, () => {
    assert.equal(fromFiles.length, 4);
    for (const { table, items } of fromFiles) {
      const unknown = items.map(({ expression }) => expression).filter((name) => !fields.has(name));
      assert.deepEqual(unknown, [], table);
    }
  });

  test(`Qlik script, ${fieldSet}: every load from the files stays optimized`, () => {
    for (const { table, items, where } of fromFiles) {
      assert.ok(
        items.every(({ expression }) => /^\w+$/.test(expression)),
        table,
      );
      const [, field] = /^Exists\((\w+)\)$/.exec(where ?? 'Exists(eventType)') ?? [];
      assert.ok(
        items.some(({ expression, name }) => expression === field && name === field),
        table,
      );
    }
    const events = fromFiles.find(({ table }) => table === 'audit_event');
    assert.equal(events?.where, undefined);
  });

  test(`Qlik script, ${fieldSet}: what it computes names only fields of the table that it reads`, () => {
    for (const { table, items, resident, where } of script.loads) {
      if (resident === undefined) continue;
      const source = script.loads.filter((load) => load.table === resident).flatMap((load) => load.items);
      const known = new Set(source.map(({ name }) => name));
      const used = [...items.map(({ expression }) => expression), where ?? ''].flatMap(fieldsIn);
      assert.deepEqual(
        used.filter((name) => !known.has(name)),
        [],
        table,
      );
    }
  });

  test(`Qlik script, ${fieldSet}: its tables hang together, without synthetic keys and circles`, () => {
    const names = [...script.tables.keys()];
    assert.ok(
      ['audit_event', 'calendar', 'selection', 'object_view', 'screenshot'].every((name) => names.includes(name)),
    );
    const links = names.flatMap((a, i) =>
      names.slice(i + 1).flatMap((b) => {
        const shared = [...(script.tables.get(a) ?? [])].filter((field) => script.tables.get(b)?.has(field));
        assert.ok(shared.length <= 1, `${a} and ${b} share ${shared}`);
        return shared.map((field) => ({ a, b, field }));
      }),
    );
    // tables around one field are a star, not a circle: count fields and tables as the corners of one tree
    const corners = new Set(links.flatMap(({ a, b, field }) => [a, b, `field ${field}`]));
    const edges = new Set(links.flatMap(({ a, b, field }) => [`${a} ${field}`, `${b} ${field}`]));
    assert.equal(edges.size, corners.size - 1);
    assert.deepEqual(
      names.filter((name) => !corners.has(name)),
      [],
    );
  });
}
