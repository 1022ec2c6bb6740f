/** Which SMSCs there are and which one a bind goes to. */
export { SmscDirectory, type RemoteServers, type SmscDirectoryOptions } from './smsc-directory';
export { sameEndpoint, staticNode, targetOf, type SmscTarget } from './smsc-target';
