/** The commands that work on configuration files. */
export { checkConfig } from './check-config';
export { convertConfig } from './convert-config';
export { explainConfig } from './explain-config';
