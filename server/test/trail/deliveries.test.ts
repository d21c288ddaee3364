import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hashPassword } from '../../src/adapters/viewer-access/password-hash.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { uuid } from '../state/array-log.ts';
import { eventLine, SALES } from './sample-events.ts';
import { TrailWorld, type Visitor } from './trail-world.ts';

const PASSWORD = 'a long enough password';

describe('what became of an event at each destination', () => {
  let world: TrailWorld;
  let operator: Visitor;
  let sales: Visitor;
  before(async () => {
    const passwordHash = await hashPassword(PASSWORD);
    const reader = { passwordHash, role: 'reader', pictures: true, objectData: true } as const;
    world = await TrailWorld.start({ users: [{ ...reader, name: 'sales', apps: [SALES] }] });
    await world.add(
      ...[1, 2, 3, 4].map((id) => eventLine({ id })),
      eventLine({ id: 5, awaits: true, type: 'screenshot.url.received', screenshotUrl: 'https://q/x.png' }),
    );
    const { cursors, destinations } = world.state;
    const at = (seq: number) => ({ first: sequence(seq), last: sequence(seq) });
    const refused = (message: string) => new CodedError('INFLUXDB_REFUSED', message, {});
    for (const name of ['files', 'server']) cursors.register(name, sequence(0));
    cursors.commit('files', { first: sequence(1), last: sequence(5) }, []);
    cursors.commit('server', { first: sequence(1), last: sequence(3) }, [
      { range: at(2), eventId: uuid(2), error: refused('duration is no number') },
      { range: { first: sequence(3), last: sequence(3) }, error: refused('the stretch with Payroll was skipped') },
    ]);
    destinations.recordFailure('server', refused('Payroll was refused'));
    operator = await world.operator();
    sales = await world.loggedIn('sales', PASSWORD);
  });
  after(() => world.stop());

  const told = async (visitor: Visitor, id: number) => {
    const { deliveries } = await visitor.read(`events/${uuid(id)}`);
    return deliveries.map((one: { destination: string; state: string; reason: string | null }) => [
      ...[one.destination, one.state, one.reason],
    ]);
  };

  it('delivered, dead letter, waiting, each with its reason', async () => {
    const files = ['files', 'delivered', null];
    assert.deepEqual(await told(operator, 1), [files, ['server', 'delivered', null]]);
    assert.deepEqual(await told(operator, 2), [files, ['server', 'dead-letter', 'duration is no number']]);
    assert.deepEqual(await told(operator, 3), [
      files,
      ['server', 'dead-letter', 'the stretch with Payroll was skipped'],
    ]);
    assert.deepEqual(await told(operator, 4), [files, ['server', 'waiting', 'Payroll was refused']]);
    const waits = 'It waits for its picture.';
    assert.deepEqual(await told(operator, 5), [
      ['files', 'waiting', waits],
      ['server', 'waiting', waits],
    ]);
  });

  it('a reader of one app is told no reason that may be of another', async () => {
    assert.deepEqual((await told(sales, 2))[1], ['server', 'dead-letter', 'duration is no number']);
    assert.deepEqual((await told(sales, 3))[1], ['server', 'dead-letter', null]);
    assert.deepEqual((await told(sales, 4))[1], ['server', 'waiting', null]);
  });
});
