/** A line per request. */
export { AccessLog, type AccessEntry, type AccessLogOptions } from './access-log';
