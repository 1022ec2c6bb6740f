/** Sessions that were pinned to nodes, and those that moved. */
export { SessionRequests } from './session-requests';
export { SessionTable, type SessionChange, type SessionListener } from './session-table';
