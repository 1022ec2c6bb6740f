/** Services in Consul's catalog that count as nodes. */
export { nodeFromInstance } from './node-from-instance';
export { ServiceImport, type ServiceImportOptions } from './service-import';
