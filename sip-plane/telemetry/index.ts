/** Traces of SIP traffic. */
export { InviteSpans } from './invite-spans';
