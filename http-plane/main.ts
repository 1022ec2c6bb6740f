import { runMain } from '../runtime/run-main';
import { startHttpPlane } from './http-plane';

void runMain({ name: 'http-plane', start: startHttpPlane, args: process.argv.slice(2) });
