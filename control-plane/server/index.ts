/** The gRPC services of the contract. */
export { adminService } from './admin-service';
export { NODE_STREAMS, cutOff, nodeService } from './node-service';
export { LogLevels } from './log-levels';
export { OpenStreams } from './open-streams';
export { peerService } from './peer-service';
export { PLANE_STREAMS, planeService } from './plane-service';
export { type ServiceContext } from './service-context';
