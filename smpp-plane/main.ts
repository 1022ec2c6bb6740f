import { runMain } from '../runtime/run-main';
import { startSmppPlane } from './start';

void runMain({ name: 'smpp-plane', start: startSmppPlane, args: process.argv.slice(2) });
