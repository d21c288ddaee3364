import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/load-config.ts';
import { destinations } from '../destination-registry.ts';
import { welcome } from './welcome.ts';

test('where audit events are switched off there is nothing to post to, nor anybody to play', () => {
  const { config } = loadConfig({ text: 'auditEvents: {enable: false}', root: process.cwd(), env: {}, destinations });
  const open = welcome(config, { url: 'http://0.0.0.0:8181', viewerUrl: undefined }, undefined, 'simulate');
  assert.match(
    open,
    /POST events to +http:\/\/(?!0\.0\.0\.0)\S+:8181\/api\/v1\/audit-event\n[\s\S]*Try next +simulate/,
  );
  const closed = welcome(config, { url: undefined, viewerUrl: 'http://v' }, 'http://link', 'simulate');
  assert.match(closed, /Open, once +http:\/\/link\n[\s\S]*Status, metrics/);
  assert.doesNotMatch(closed, /POST|Try next/);
});
