import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FILE_POLICY, SERVER_POLICY } from '../../test/support/fake-destination.ts';
import { backOffOf, Reminder, retryDelayMs } from './retry-policy.ts';

describe('rule 20: retryDelayMs', () => {
  const server = backOffOf(SERVER_POLICY);

  it('doubles up to a minute, by chance up to half less', () => {
    const longest = [1, 2, 3, 6, 7, 8, 5000].map((failures) => retryDelayMs(server, failures, 1));
    assert.deepEqual(longest, [1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000]);
    assert.equal(retryDelayMs(server, 3, 0), 2000);
  });

  it('a folder is tried again within seconds', () => {
    assert.equal(retryDelayMs(backOffOf(FILE_POLICY), 100, 1), 5000);
  });

  it('never undercuts what the destination asked for, within reason', () => {
    assert.equal(retryDelayMs(server, 1, 1, 30_000), 30_000);
    assert.equal(retryDelayMs(server, 8, 1, 10), 60_000);
    assert.equal(retryDelayMs(server, 1, 1, 1e12), 3_600_000);
  });
});

describe('Reminder', () => {
  it('once, then once a minute, also when things get better in between', () => {
    const reminder = new Reminder();
    assert.deepEqual(
      [0, 1, 59_999, 60_000, 60_001].map((ms) => reminder.isDue(ms)),
      [true, false, false, true, false],
    );
    assert.equal(reminder.callOff(), true);
    assert.equal(reminder.callOff(), false);
    assert.equal(reminder.isDue(60_002), false);
  });
});
