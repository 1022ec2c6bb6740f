import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { configSchema, describeKeys, loadConfig } from '../../../../runtime/config';

describe('loadConfig', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (text: string): string => {
    const name = path.join(folder, 'triplane.yaml');
    writeFileSync(name, text);
    return name;
  };
  const load = (text: string) => loadConfig({ file: file(text) });

  it('fills in every default', () => {
    const config = loadConfig();
    expect(config.sip.external).toMatchObject({ host: '127.0.0.1', udpPort: 5060, tcpPort: 5060 });
    expect(config.control.lease).toEqual({ ttlMs: 6000, intervalMs: 2000, removalDelayMs: 60_000 });
  });

  it('takes an empty file', () => {
    expect(load('# nothing\n')).toEqual(loadConfig());
  });

  it('lets the environment win over the file, and --set over the environment', () => {
    const config = loadConfig({
      file: file('sip: { external: { udpPort: 1 }, internal: { udpPort: 1 } }\nsmpp: { listen: { port: 1 } }'),
      env: {
        TRIPLANE_SIP__EXTERNAL__UDPPORT: '2',
        TRIPLANE_SIP__INTERNAL__UDPPORT: '2',
        PATH: '/bin',
        TRIPLANE_OTHER: 'x',
      },
      set: ['sip.external.udpPort=3'],
    });
    expect([config.sip.external.udpPort, config.sip.internal?.udpPort, config.smpp.listen.port]).toEqual([3, 2, 1]);
  });

  it.each([
    ['sipp: {}', 'CONFIG_UNKNOWN_KEY', /^unknown key sipp in .*triplane\.yaml; did you mean (sip|smpp)\?$/],
    [
      'sip: { external: { udpport: 5070 } }',
      'CONFIG_UNKNOWN_KEY',
      /unknown key sip\.external\.udpport .* did you mean sip\.external\.udpPort\?/,
    ],
    [
      'http: { workers: many }',
      'CONFIG_INVALID',
      /^http\.workers in .*: expected auto, or a number from 1 to 64, got "many"$/,
    ],
    ['smpp: { workers: 2 }', 'CONFIG_INVALID', /^smpp\.workers in .*: expected 1 .*run another SMPP plane, got 2$/],
    ['sip: { workers: 2, internal: null }', 'CONFIG_INVALID', /^sip\.workers in .*: expected 1, since one leg/],
    [
      'sip: { external: { udpPort: 70000 } }',
      'CONFIG_INVALID',
      /sip\.external\.udpPort in .*: expected at most 65535, got 70000/,
    ],
    ['sip: { external: { udpPort: "5060" } }', 'CONFIG_INVALID', /expected number, got "5060"/],
    [
      'sip: { external: { host: example.com } }',
      'CONFIG_INVALID',
      /sip\.external\.host .*: expected an IP address.*, got "example\.com"/,
    ],
    ['log: { level: loud }', 'CONFIG_INVALID', /log\.level .*: expected one of trace, .*, got "loud"/],
    ['control: { lease: { ttlMs: 3000 } }', 'CONFIG_INVALID', /control\.lease\.ttlMs .*at least three times/],
    ['smpp: { remoteServers: [here] }', 'CONFIG_INVALID', /smpp\.remoteServers\.0 .*expected host:port.*, got "here"/],
    ['sip: [', 'CONFIG_SYNTAX', /triplane\.yaml:\d+: /],
    ['just text', 'CONFIG_SYNTAX', /expected keys and values, got string/],
    ['__proto__: { polluted: 1 }', 'CONFIG_UNKNOWN_KEY', /unknown key __proto__/],
  ])('refuses %j with %s and one clear line', (text, code, message) => {
    expect(() => load(text)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('names --set and the environment as the origin of what they broke', () => {
    expect(() => loadConfig({ set: ['sip.external.udpPort=x'] })).toThrow(
      /in --set sip\.external\.udpPort: expected number/,
    );
    expect(() => loadConfig({ env: { TRIPLANE_SIP__SPEED: '1' } })).toThrow(
      /unknown key sip\.speed in environment TRIPLANE_SIP__SPEED/,
    );
    expect(() => loadConfig({ set: ['sip'] })).toThrow(/--set expects key=value/);
  });

  it('says so when the file is not there', () => {
    expect(() => loadConfig({ file: '/nowhere/triplane.yaml' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_FILE' }),
    );
  });
});

describe('describeKeys', () => {
  it('has a meaning for every key of the configuration', () => {
    const keys = describeKeys(configSchema);
    expect(keys.length).toBeGreaterThan(50);
    expect(keys.filter(({ meaning }) => meaning === '')).toEqual([]);
  });

  it('describes one key with its default', () => {
    expect(describeKeys(configSchema, ['sip', 'external', 'udpPort'])).toEqual([
      { key: 'sip.external.udpPort', meaning: 'UDP port; null: no UDP.', fallback: '5060' },
    ]);
  });
});
