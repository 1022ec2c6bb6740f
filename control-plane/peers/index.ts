/** What the control planes of a cluster tell each other of their planes. */
export { mergePlanes, mergeStats, progressElsewhere } from './merge';
export { Overview, type OverviewOptions } from './overview';
export { PeerSessions, type PeerSessionsOptions } from './peer-sessions';
export { PeerViews, type PeerView, type PeerViewsOptions } from './peer-views';
