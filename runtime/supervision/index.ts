/** Services as child processes: started, watched, started again, closed. */
export { Child, type ChildOptions } from './child';
export { Supervised, type SupervisedOptions } from './supervised';
