import { setTimeout as sleep } from 'node:timers/promises';

/** Does the work now and each second until the command is interrupted; a failure ends it. */
export async function eachSecond(work: () => Promise<void>): Promise<never> {
  for (;;) {
    // One after the other is the point.
    // eslint-disable-next-line no-await-in-loop
    await work();
    // eslint-disable-next-line no-await-in-loop
    await sleep(1000);
  }
}
