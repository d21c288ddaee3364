import assert from 'node:assert/strict';

/** Waits for what another process or a connection brings about; fails after five seconds. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'nothing within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
