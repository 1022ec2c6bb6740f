/** Figures of all planes, and the pages that show them. */
export { DASHBOARD, DASHBOARD_POLICY } from './dashboard';
export { lbinfo, type LbinfoInput } from './lbinfo';
export { lbstat, type LbstatInput } from './lbstat';
export { type PlaneFigures } from './plane-figures';
export { sumRuns, unitedRuns } from './plane-runs';
export { StatsAggregator, sumStats } from './stats-aggregator';
