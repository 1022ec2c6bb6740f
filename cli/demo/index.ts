/** `triplane demo`: the real topology with toy nodes and toy clients. */
export { demo, type DemoOptions } from './demo';
