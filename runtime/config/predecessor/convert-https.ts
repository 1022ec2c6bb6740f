import type { Draft } from './draft';

const PKCS12 = /\.(p12|pfx|pkcs12)$/i;

/**
 * The HTTPS port of the web balancer. With one the predecessor sent every plain request there, and went on to nodes over TLS unless
 * `terminateTLSTraffic` said otherwise. A key store of Java cannot be read: then the port is left to a person.
 */
export function convertHttps(draft: Draft): void {
  const port = draft.entries.get('httpsPort');
  if (port === undefined || !/^\d{1,5}$/.test(port)) return;
  if (draft.entries.get('terminateTLSTraffic')?.trim().toLowerCase() !== 'true') draft.put('http.encryptToNodes', true);
  const store = draft.entries.get('javax.net.ssl.keyStore') ?? draft.entries.get('keyStore');
  if (store === undefined || !PKCS12.test(store)) return;
  draft.take('httpsPort');
  draft.put('http.https.port', Number(port));
  draft.put('http.https.redirect', true);
  draft.put('http.https.tls', { pfxFile: store });
  const host = draft.entries.get('host');
  if (host !== undefined) draft.put('http.https.host', host);
}
