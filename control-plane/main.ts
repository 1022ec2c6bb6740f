import { runMain } from '../runtime/run-main';
import { startControlPlane } from './start-control-plane';

void runMain({ name: 'control-plane', start: startControlPlane, args: process.argv.slice(2) });
