// The least that could answer: node:http, JSON.parse, 202 at once, nothing stored. What the product costs is measured against it.
// Usage: node bench/reference-server.ts; prints the address it listens on.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const status = Array.isArray(parsed) ? 200 : 202;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`{"status":"accepted","receivedAt":"${new Date().toISOString()}","outcome":"processed"}`);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening url=http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
