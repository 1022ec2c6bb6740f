import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../runtime/errors';

/**
 * Does the work now and again a second after it ended, until the command is interrupted. Work that fails before it ever showed
 * anything rejects; a later failure is told once on standard error, and the watch goes on when the control plane is back.
 */
export async function eachSecond(work: (shown: () => void) => Promise<void>): Promise<never> {
  let everShown = false;
  let told = false;
  const shown = (): void => {
    everShown = true;
    told = false;
  };
  for (;;) {
    try {
      // One after the other is the point.
      // eslint-disable-next-line no-await-in-loop
      await work(shown);
      shown();
    } catch (error) {
      if (!everShown) throw error;
      if (!told) process.stderr.write(`${messageOf(error)}; waiting for it to come back\n`);
      told = true;
    }
    // eslint-disable-next-line no-await-in-loop
    await sleep(1000);
  }
}
