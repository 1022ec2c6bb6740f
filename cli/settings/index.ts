/** The commands that work on configuration files. */
export { checkConfig } from './check-config';
export { convertConfig } from './convert-config';
export { explainConfig, type ExplainOptions } from './explain-config';
