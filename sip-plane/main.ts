import { runMain } from '../runtime/run-main';
import { startSipPlane } from './start';

void runMain({ name: 'sip-plane', start: startSipPlane, args: process.argv.slice(2) });
