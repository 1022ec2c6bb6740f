/** Which node gets a request. */
export { Router, type RequestKeys, type RouterCore, type RouterSettings } from './router';
