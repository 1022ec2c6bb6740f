/** TLS as Triplane uses it: files checked at the start, taken anew while connections stay. */
export { CertificatesByName } from './certificates-by-name';
export { type TlsSettings } from './tls-files';
export { TlsMaterial, type SwappableServer, type TlsMaterialOptions } from './tls-material';
