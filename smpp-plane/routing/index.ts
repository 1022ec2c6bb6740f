/** Which SMSCs there are and which one a bind goes to. */
export { SmscDirectory, type SmscDirectoryOptions } from './smsc-directory';
export { mergeMembers, staticNode, targetOf, type SmscTarget } from './smsc-target';
