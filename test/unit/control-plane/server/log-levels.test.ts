import { PlaneDirectory } from '../../../../control-plane/push';
import { LogLevels } from '../../../../control-plane/server';
import { Hello, SetLogLevelRequest } from '../../../../proto';
import { FakeClock } from '../../../support/fake-clock';
import { logLines } from '../../../support/log-lines';

describe('the log level', () => {
  const { logger } = logLines();
  let planes: PlaneDirectory;
  let levels: LogLevels;
  const set = (level: string, planeId = '') => levels.set(SetLogLevelRequest.create({ level, planeId }));

  beforeEach(() => {
    logger.level = 'info';
    planes = new PlaneDirectory(new FakeClock());
    levels = new LogLevels(logger, planes);
    for (const planeId of ['sip-1', 'http-1']) planes.join(Hello.create({ planeId }));
  });

  it('of the control plane changes at once, and no plane hears of it', () => {
    expect(set('DEBUG')).toEqual({ planeIds: [], controlPlane: true });
    expect(logger.level).toBe('debug');
    expect(levels.take('sip-1')).toBe('');
  });

  it('of a plane is told to that plane, once', () => {
    expect(set('trace', 'sip-1')).toEqual({ planeIds: ['sip-1'], controlPlane: false });
    expect(logger.level).toBe('info');
    expect([levels.take('http-1'), levels.take('sip-1'), levels.take('sip-1')]).toEqual(['', 'trace', '']);
  });

  it('of a plane with workers is told to each of them', () => {
    for (const planeId of ['smpp-1.w1', 'smpp-1.w2', 'smpp-1.west']) planes.join(Hello.create({ planeId }));
    expect(set('debug', 'smpp-1').planeIds).toEqual(['smpp-1.w1', 'smpp-1.w2']);
  });

  it('of all is told to each, the newest wins', () => {
    set('trace', 'sip-1');
    expect(set('warn', '*')).toEqual({ planeIds: ['sip-1', 'http-1'], controlPlane: true });
    expect([logger.level, levels.take('sip-1'), levels.take('http-1')]).toEqual(['warn', 'warn', 'warn']);
  });

  it('is refused when it is none, or of a plane that is not connected here', () => {
    expect(() => set('loud')).toThrow('level: expected one of trace debug info warn error fatal silent, got "loud"');
    expect(() => set('debug', 'sip-9')).toThrow(
      'plane sip-9 is not connected to this control plane; connected: sip-1 http-1',
    );
    expect(logger.level).toBe('info');
  });

  it('is not kept for planes that left before they were told', () => {
    set('trace', 'sip-1');
    const record = planes.get('sip-1');
    if (record !== undefined) record.connected = false;
    set('debug', 'http-1');
    expect(levels.take('sip-1')).toBe('');
  });
});
