/** The control plane: which nodes exist, whether they are well, which algorithm is in force. */
export { startControlPlane } from './start-control-plane';
