import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { type OverdueTicket, sessionOfOverdueTicket } from './overdue-ticket.ts';
import type { SentRequest } from './sent-request.ts';

function askedRequest({ wasSent = true } = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let isCancelled = false;
  const request = {
    response: promise,
    wasSent: () => wasSent,
    wasReused: () => false,
    wasCancelled: () => isCancelled,
    cancel: () => {
      isCancelled = true;
      reject(new Error('cancelled'));
    },
  };
  promise.catch(() => undefined);
  return {
    request,
    answers: (statusCode: number) => resolve({ statusCode, destroy: () => undefined } as unknown as IncomingMessage),
    breaks: () => reject(new Error('broken')),
  };
}

function overdue(sendAgain: () => Promise<SentRequest>) {
  const clock = new FakeClock();
  const first = askedRequest();
  const ticket: OverdueTicket = {
    ...{ first: first.request, sendAgain, clock },
    cookieIn: () => undefined,
    isLost: ({ statusCode }) => statusCode === 504,
    closing: new AbortController().signal,
    signal: new AbortController().signal,
  };
  const outcome = sessionOfOverdueTicket(ticket).then(
    () => 'none',
    () => 'unknown',
  );
  return { clock, first, outcome };
}

test('what never reached the host casts no doubt on the answer of the first request', async () => {
  const again = askedRequest({ wasSent: false });
  const { clock, first, outcome } = overdue(async () => again.request);
  await clock.advance(5000);
  again.breaks();
  first.answers(200);
  assert.equal(await outcome, 'none');
});

test('so it is where there are no certificates to ask with', async () => {
  const { clock, first, outcome } = overdue(() => Promise.reject(new Error('no such file')));
  await clock.advance(5000);
  first.answers(200);
  assert.equal(await outcome, 'none');
});

test('a request that was about to be sent when the first one was answered is not sent', async () => {
  const again = askedRequest({ wasSent: false });
  const ready = Promise.withResolvers<SentRequest>();
  const { clock, first, outcome } = overdue(() => ready.promise);
  await clock.advance(5000);
  first.answers(200);
  await settle();
  ready.resolve(again.request);
  assert.equal(await outcome, 'none');
  await settle();
  assert.ok(again.request.wasCancelled());
});

test('what a gateway gave up on, or broke after it was sent, may have brought a session, whichever request it was', async () => {
  for (const end of ['504', 'broken']) {
    const again = askedRequest();
    const { clock, first, outcome } = overdue(async () => again.request);
    await clock.advance(5000);
    if (end === '504') again.answers(504);
    else again.breaks();
    await settle();
    first.answers(403);
    assert.equal(await outcome, 'unknown', end);
  }
});
