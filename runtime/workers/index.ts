/** One service as several processes that share its ports: the process that was started supervises them. */
export { superviseWorkers, type SuperviseOptions } from './supervise-workers';
export { Worker, type WorkerSource } from './worker';
export { workerCount } from './worker-count';
export { simplePlan, type WorkerPlan } from './worker-plan';
