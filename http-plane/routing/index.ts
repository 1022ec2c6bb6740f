/** Which node gets a request. */
export { Router, type RequestKeys, type RouterCore } from './router';
