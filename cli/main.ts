import { exitWithLine } from '../runtime/lifecycle';
import { runCommandLine } from './program';

runCommandLine(process.argv.slice(2)).catch(exitWithLine);
