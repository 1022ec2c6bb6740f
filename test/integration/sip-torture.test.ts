import { headers } from '../support/sip-messages';
import { RFC4475, RFC5118, TORTURE, TORTURE_TRANSPORTS, TortureRun, wantedOver } from '../support/torture';

const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

/** The body as Content-Length says, if it says. */
function wantedBody(sent: string): string {
  const length = /^(?:content-length|l)\s*:\s*(\d+)/im.exec(sent)?.[1];
  return bodyOf(sent).slice(0, length === undefined ? undefined : Number(length));
}

describe('torture', () => {
  let run: TortureRun;

  beforeAll(async () => {
    run = await TortureRun.start();
  });

  afterAll(() => run.close());

  const cases = TORTURE_TRANSPORTS.flatMap((transport) =>
    TORTURE.map((message) => [transport, message.section, message.name, message.what, message] as const),
  );

  it.each(cases)('over %s: %s %s (%s)', async (transport, _section, _name, _what, message) => {
    const { outcome, text } = await run.over(transport, message);
    expect(outcome).toBe(wantedOver(transport, message));
    const sent = run.prepared(message).toString('latin1');
    expect(outcome === 'forward' ? bodyOf(text) : '').toBe(outcome === 'forward' ? wantedBody(sent) : '');
  });

  it('VAL-12: 420 names exactly the extensions of Proxy-Require', async () => {
    const bext01 = TORTURE.find(({ name }) => name === 'bext01');
    if (bext01 === undefined) throw new Error('bext01 is missing');
    const { text } = await run.over('WS', bext01);
    expect(headers(text, 'Unsupported')).toEqual(['noProxiesSupportThis, norDoAnyProxiesSupportThis']);
  });

  it('are 49 and 12', () => {
    expect(RFC4475).toHaveLength(49);
    expect(RFC5118).toHaveLength(12);
  });
});
