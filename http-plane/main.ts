import { runMain } from '../runtime/run-main';
import { simplePlan, workerCount } from '../runtime/workers';
import { startHttpPlane } from './http-plane';

void runMain({
  name: 'http-plane',
  start: startHttpPlane,
  args: process.argv.slice(2),
  workers: ({ http }) => simplePlan(workerCount(http.workers), http.admin),
});
