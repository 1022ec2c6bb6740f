import type { Draft } from './draft';
import { reasonFor } from './reasons';

/** Key stores that TLS can read as they are; a store of the JKS kind has to be exported first. */
const PKCS12 = /\.(p12|pfx|pkcs12)$/i;

/** The SMPP keys that one line does not say: two networks, TLS, multiplexer, the algorithms of the two directions. */
export function convertSmpp(draft: Draft, isXml: boolean): void {
  convertMuxMode(draft, isXml);
  convertHosts(draft);
  convertTls(draft);
  convertToProvider(draft);
  convertToNode(draft);
}

/** What the predecessor called a multiplexer is pool mode; in the XML it was on unless switched off. */
function convertMuxMode(draft: Draft, isXml: boolean): void {
  const unsaid = isXml && draft.entries.has('smppPort') ? 'true' : undefined;
  const value = draft.take('muxMode')?.toLowerCase() ?? unsaid;
  if (value !== undefined) draft.put('smpp.mode', value === 'true' ? 'pool' : 'session');
}

/** One network card for ESMEs, another for SMSCs; smppHost stands for the first where it has no name of its own. */
function convertHosts(draft: Draft): void {
  const common = draft.take('smppHost');
  const listen = draft.take('smppExternalHost') ?? common;
  const source = draft.take('smppInternalHost');
  if (listen) draft.put('smpp.listen.host', listen);
  if (source) draft.put('smpp.sourceHost', source);
}

/** A TLS port needs a certificate: a PKCS#12 store has one, other stores and passwords are a person's to convert. */
function convertTls(draft: Draft): void {
  const port = draft.take('smppSslPort');
  const remote = draft.take('isRemoteServerSsl')?.toLowerCase();
  if (remote !== undefined) draft.put('smpp.remoteServersTls', remote === 'true');
  if (port === undefined) return;
  const store = draft.entries.get('javax.net.ssl.keyStore') ?? draft.entries.get('keyStore');
  if (store === undefined || !PKCS12.test(store) || !/^[1-9]\d{0,4}$/.test(port)) {
    draft.leave('smppSslPort', port, `is smpp.tlsPort beside smpp.tls: ${reasonFor('smppSslPort')}`);
    return;
  }
  draft.put('smpp.tlsPort', Number(port));
  draft.put('smpp.tls', { pfxFile: store });
}

function convertToProvider(draft: Draft): void {
  const name = draft.take('toProviderAlgorithmClass');
  if (name === undefined) return;
  if (name.endsWith('RoundRobin')) draft.put('control.routing.smpp.algorithm', 'round-robin');
  else if (name.endsWith('ActiveStandby')) draft.put('control.routing.smpp.algorithm', 'active-standby');
  else draft.leave('toProviderAlgorithmClass', name, reasonFor('toProviderAlgorithmClass'));
}

function convertToNode(draft: Draft): void {
  const name = draft.take('toNodeAlgorithmClass');
  if (name === undefined) return;
  if (name.endsWith('RoundRobin')) draft.put('smpp.pool.toEsme', 'round-robin');
  else if (name.endsWith('SubmitToAll')) draft.put('smpp.pool.toEsme', 'broadcast');
  else draft.leave('toNodeAlgorithmClass', name, reasonFor('toNodeAlgorithmClass'));
}
