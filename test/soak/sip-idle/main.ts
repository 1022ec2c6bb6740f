import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nodeAt } from '../../support/decider-nodes';
import { DeciderFixture } from '../../support/sip-decider';
import { request } from '../../support/sip-messages';

/**
 * `npm run soak sip-idle`: what 100 000 calls cost that are up and silent, in resident memory of a SIP plane that remembers the default numbers:
 * the key of the algorithm, the call and the decision of each. At most 40 MB.
 */
const CALLS = 100_000;
const MOST_MB = 40;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function residentMb(): number {
  for (let i = 0; i < 3; i += 1) collect();
  return process.memoryUsage.rss() / 1_048_576;
}

const plane = new DeciderFixture([nodeAt('app1', '10.0.0.11'), nodeAt('app2', '10.0.0.12')], { remembered: 200_000 });
plane.core.setAlgorithm('call-id-affinity');
const call = (serial: number): void => {
  const callId = `${serial}-4f0a1c@client.example.com`;
  plane.forward(request({ callId, via: `UDP 192.0.2.1:5060;branch=z9hG4bKidle${serial}` }));
  plane.clock.advance(1);
};
// The code that is compiled on the way is not what is asked for.
for (let serial = 0; serial < 10_000; serial += 1) call(serial);
const before = residentMb();
for (let serial = 0; serial < CALLS; serial += 1) call(10_000 + serial);
const used = residentMb() - before;
const held = plane.memory.decisions.size;
process.stdout.write(
  `${CALLS} calls more: ${used.toFixed(1)} MB, at most ${MOST_MB} are wanted; ${plane.core.balancer.remembered} keys and ${held} decisions are held\n`,
);
process.exitCode = used <= MOST_MB && plane.core.balancer.remembered >= CALLS ? 0 : 1;
