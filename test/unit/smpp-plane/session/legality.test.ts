import { Bound, boundBy, esmeMaySend, smscMaySend } from '../../../../smpp-plane/session/legality';
import { Command } from '../../../../smpp-plane/wire';

/** Table T1 for requests on a bound session: who may send it when bound as TX, RX, TRX. */
const table: readonly (readonly [name: keyof typeof Command, esme: string, smsc: string])[] = [
  ['SUBMIT_SM', 'TX TRX', ''],
  ['SUBMIT_MULTI', 'TX TRX', ''],
  ['QUERY_SM', 'TX TRX', ''],
  ['REPLACE_SM', 'TX TRX', ''],
  ['CANCEL_SM', 'TX TRX', ''],
  ['BROADCAST_SM', 'TX TRX', ''],
  ['QUERY_BROADCAST_SM', 'TX TRX', ''],
  ['CANCEL_BROADCAST_SM', 'TX TRX', ''],
  ['DELIVER_SM', '', 'RX TRX'],
  ['DATA_SM', 'TX TRX', 'RX TRX'],
  ['ALERT_NOTIFICATION', '', 'RX TRX'],
  ['BIND_RECEIVER', '', ''],
  ['BIND_TRANSMITTER', '', ''],
  ['BIND_TRANSCEIVER', '', ''],
  ['OUTBIND', '', ''],
  ['UNBIND', 'TX RX TRX', 'TX RX TRX'],
  ['ENQUIRE_LINK', 'TX RX TRX', 'TX RX TRX'],
];
const states = [
  ['TX', Bound.TRANSMITTER],
  ['RX', Bound.RECEIVER],
  ['TRX', Bound.TRANSCEIVER],
] as const;

const cells = table.flatMap(([name, esme, smsc]) =>
  states.map(([state, bound]) => ({
    name,
    state,
    bound,
    esme: esme.split(' ').includes(state),
    smsc: smsc.split(' ').includes(state),
  })),
);

describe('table T1', () => {
  test.each(cells)('$name in $state: from the ESME $esme, from the SMSC $smsc', ({ name, bound, esme, smsc }) => {
    expect(esmeMaySend(Command[name], bound)).toBe(esme);
    expect(smscMaySend(Command[name], bound)).toBe(smsc);
  });

  test.each([0x0a, 0x55, 0x1ff, 0x200, 0x10200, 0x7fff_ffff])(
    'command %d of a vendor passes in every bound state',
    (command) => {
      for (const [, bound] of states) {
        expect(esmeMaySend(command, bound)).toBe(true);
        expect(smscMaySend(command, bound)).toBe(true);
      }
    },
  );

  test('each bind makes its own kind of session', () => {
    expect([0x02, 0x01, 0x09, 0x04].map(boundBy)).toEqual([
      Bound.TRANSMITTER,
      Bound.RECEIVER,
      Bound.TRANSCEIVER,
      Bound.NONE,
    ]);
  });
});
