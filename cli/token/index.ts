/** `triplane token`: secrets for callers that have no certificate. */
export { makeToken, type MakeTokenOptions } from './make-token';
