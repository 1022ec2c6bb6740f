import { configSchema, convertPredecessor } from '../../../../../runtime/config';

const http = (text: string) => {
  const conversion = convertPredecessor(text, 'lb.properties');
  return {
    ...configSchema.parse(conversion.tree).http,
    left: conversion.leftOvers.map(({ key, reason }) => `${key}: ${reason}`),
  };
};

test('a PKCS#12 key store makes the HTTPS port, to which plain requests are sent', () => {
  const { https, encryptToNodes, left } = http(
    'host=10.0.0.1\nhttpPort=2080\nhttpsPort=2081\njavax.net.ssl.keyStore=/etc/lb/own.p12\n',
  );
  expect(https).toMatchObject({ host: '10.0.0.1', port: 2081, redirect: true, tls: { pfxFile: '/etc/lb/own.p12' } });
  expect(encryptToNodes).toBe(true);
  expect(left).toEqual([expect.stringContaining('javax.net.ssl.keyStore: ')]);
});

test('terminateTLSTraffic ends TLS here', () => {
  const { encryptToNodes } = http('httpsPort=2081\nkeyStore=/etc/lb/own.pfx\nterminateTLSTraffic = true\n');
  expect(encryptToNodes).toBe(false);
});

test('a key store of Java is left to a person, who is told where port and certificate go', () => {
  const { https, encryptToNodes, left } = http('httpsPort=2081\njavax.net.ssl.keyStore=/etc/lb/keystore\n');
  expect(https.port).toBeNull();
  expect(encryptToNodes).toBe(true);
  expect(left).toContainEqual(expect.stringMatching(/^httpsPort: .*http\.https.*redirect/));
});

test('without an HTTPS port nothing of it is set', () => {
  expect(http('httpPort=2080\n')).toMatchObject({ encryptToNodes: false, https: { port: null, redirect: false } });
});
