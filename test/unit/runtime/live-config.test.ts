import { configSchema, type Config } from '../../../runtime/config';
import { LiveConfig } from '../../../runtime/live-config';
import { logLines, type LogLines } from '../../support/log-lines';

const parse = (tree: Readonly<Record<string, unknown>>): Config => configSchema.parse(tree);

describe('the configuration of a running process', () => {
  let log: LogLines;
  let source: () => Config;
  let live: LiveConfig;
  let applied: string[][];

  beforeEach(() => {
    log = logLines();
    source = () => parse({ smpp: { remoteServers: ['192.0.2.1:2775'] } });
    live = new LiveConfig({ config: source(), read: () => source(), logger: log.logger });
    applied = [];
    live.follow(['smpp.remoteServers'], ({ smpp }) => void applied.push([...smpp.remoteServers]));
  });
  afterEach(() => live.close());

  const said = (): readonly unknown[] => log.lines.map(({ level, keys }) => [level, keys]);

  test('gives followers what changed, once, and says so', () => {
    live.reload();
    expect([applied, said()]).toEqual([[], []]);
    source = () => parse({ smpp: { remoteServers: ['192.0.2.2:2775'] } });
    live.reload();
    live.reload();
    expect(applied).toEqual([['192.0.2.2:2775']]);
    expect(said()).toEqual([[30, ['smpp.remoteServers']]]);
  });

  test('says each time which other keys wait for a restart', () => {
    source = () => parse({ smpp: { listen: { port: 3000 }, remoteServers: [] }, log: { level: 'debug' } });
    live.reload();
    live.reload();
    expect(applied).toEqual([[]]);
    const rest = [40, ['log.level', 'smpp.listen.port']];
    expect(said()).toEqual([[30, ['smpp.remoteServers']], rest, rest]);
  });

  test('stays as it is when the source is wrong', () => {
    source = () => {
      throw new Error('unknown key smpp.remoteServer');
    };
    live.reload();
    expect(applied).toEqual([]);
    expect(log.lines).toMatchObject([{ level: 50, reason: 'unknown key smpp.remoteServer' }]);
  });

  test('is read at SIGHUP until it is closed', () => {
    source = () => parse({});
    process.emit('SIGHUP');
    expect(applied).toEqual([[]]);
    live.close();
    source = () => parse({ smpp: { remoteServers: ['192.0.2.3:2775'] } });
    process.emit('SIGHUP');
    expect(applied).toHaveLength(1);
  });

  test('an end to following is an end', () => {
    const unfollow = live.follow(['smpp.allow'], () => void applied.push(['allow']));
    unfollow();
    source = () => parse({ smpp: { remoteServers: ['192.0.2.1:2775'], allow: { acme: ['192.0.2.0/24'] } } });
    live.reload();
    expect(applied).toEqual([]);
    expect(said()).toEqual([[40, ['smpp.allow.acme']]]);
  });

  test('a key that follows with everything below it', () => {
    live.follow(['smpp.allow'], ({ smpp }) => void applied.push(Object.keys(smpp.allow)));
    source = () => parse({ smpp: { remoteServers: ['192.0.2.1:2775'], allow: { acme: ['192.0.2.0/24'] } } });
    live.reload();
    live.reload();
    expect(applied).toEqual([['acme']]);
  });
});
