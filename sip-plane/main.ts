import { runMain } from '../runtime/run-main';
import { startSipPlane } from './start';
import { planSipWorkers } from './worker-plan';

void runMain({
  name: 'sip-plane',
  start: startSipPlane,
  args: process.argv.slice(2),
  workers: ({ sip }) => planSipWorkers(sip),
});
