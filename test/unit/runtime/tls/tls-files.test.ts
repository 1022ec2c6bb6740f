import { loadTls } from '../../../../runtime/tls/tls-files';
import { TestCa } from '../../../support/certificates';
import { describeWith } from '../../../support/peer';

describeWith('openssl', 'TLS files', () => {
  let ca: TestCa;
  beforeAll(() => {
    ca = new TestCa();
  });
  afterAll(() => ca.close());

  it('load from PEM, from PKCS#12 and with an encrypted key', () => {
    const pair = ca.issue('server');
    const passphraseFile = ca.file('passphrase', 'open sesame\n');
    expect(loadTls({ ...pair, caFile: ca.caFile }, 'test').validTo?.getTime()).toBeGreaterThan(Date.now());
    const pfxFile = ca.pfx(pair, 'open sesame');
    expect(loadTls({ pfxFile, passphraseFile }, 'test').validTo?.getTime()).toBeGreaterThan(Date.now());
    const keyFile = ca.encryptedKey(pair.keyFile, 'open sesame');
    expect(loadTls({ certFile: pair.certFile, keyFile, passphraseFile }, 'test').context).toBeDefined();
  });

  it('may be none at all for a client', () => {
    expect(loadTls({}, 'test').validTo).toBeUndefined();
  });

  it('that do not fit are one clear line with the name of the file', () => {
    const pair = ca.issue('server');
    const other = ca.issue('other');
    const wrong = ca.file('wrong', 'wrong');
    const table: [Parameters<typeof loadTls>[0], RegExp][] = [
      [{ ...pair, certFile: '/nowhere/cert.pem' }, /^sip tls: \/nowhere\/cert.pem: cannot be read: .*ENOENT/],
      [{ ...pair, certFile: pair.keyFile }, /server-\d+\.key: expected PEM certificates .* got none$/],
      [{ ...pair, keyFile: pair.certFile }, /server-\d+\.pem: expected a PEM private key: .*set passphraseFile/],
      [
        { ...pair, keyFile: other.keyFile },
        /other-\d+\.key: is not the key of the first certificate in .*server-\d+\.pem$/,
      ],
      [{ ...pair, caFile: ca.file('empty', '') }, /empty: expected PEM certificates/],
      [{ ...pair, ciphers: 'NO-SUCH' }, /ciphers: expected a cipher list of OpenSSL/],
      [{ ...pair, keyFile: ca.encryptedKey(pair.keyFile, 'right') }, /set passphraseFile if it is encrypted$/],
      [
        { ...pair, keyFile: ca.encryptedKey(pair.keyFile, 'right'), passphraseFile: wrong },
        /is it the right passphrase\?$/,
      ],
      [{ pfxFile: ca.pfx(pair, 'right'), passphraseFile: wrong }, /\.p12: the passphrase is wrong/],
      [{ pfxFile: pair.certFile }, /expected PKCS#12/],
    ];
    for (const [settings, message] of table) {
      expect(() => loadTls(settings, 'sip tls')).toThrow(
        expect.objectContaining({ code: 'TLS_MATERIAL', message: expect.stringMatching(message) as string }),
      );
    }
  });

  it('never put a passphrase or a key into the error', () => {
    const pair = ca.issue('server');
    const passphraseFile = ca.file('secret', 'very-secret-words\n');
    const keyFile = ca.encryptedKey(pair.keyFile, 'other');
    let text = '';
    try {
      loadTls({ ...pair, keyFile, passphraseFile }, 'test');
    } catch (error) {
      text = `${(error as Error).stack}${JSON.stringify(error)}`;
    }
    expect(text).toContain('is it the right passphrase');
    expect(text).not.toContain('very-secret-words');
    expect(text).not.toContain('PRIVATE KEY');
  });
});
