/** The plane's side of PlaneService: subscribe, apply, keep, report. */
export { ControlLink } from './control-link';
export { LastGood } from './last-good';
export { EMPTY_STATE, Replica } from './replica';
export { SignalQueue } from './signal-queue';
export { statsOf, type StatsSource } from './stats-report';
