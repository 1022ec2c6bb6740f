/** Configuration: the schema of triplane.yaml, and the one way to load it. */
export { loadConfig, type ConfigSources } from './load';
export { convertPredecessor, isPredecessorFile, type Conversion, type LeftOver } from './predecessor';
export {
  configSchema,
  type ClusterConfig,
  type Config,
  type ControlConfig,
  type HttpConfig,
  type SipConfig,
  type SmppConfig,
  type ImportConfig,
  type StaticNodeConfig,
} from './schema';
export { tlsServer } from './tls-schema';
export { describeKeys, type KeyDescription } from './walk';
