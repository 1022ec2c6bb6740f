import { AdminServiceService, NodeServiceService, PlaneServiceService } from '../../../../proto';
import { checkRole } from '../../../../control-plane/access/authorizer';
import { ruleOf } from '../../../../control-plane/access/rules';
import type { Identity, Role } from '../../../../runtime/identity';

const paths = (service: Readonly<Record<string, { readonly path: string }>>): string[] =>
  Object.values(service).map(({ path }) => path);
const one = (role: Role): Identity => ({ name: `${role}/x`, how: 'token', grants: [{ role, id: 'x', prefix: false }] });
const may = (role: Role, path: string): boolean => {
  const rule = ruleOf(path);
  return rule !== 'open' && checkRole(one(role), rule, path) === undefined;
};

test('every method of the contract has a rule of its own', () => {
  const all = [NodeServiceService, PlaneServiceService, AdminServiceService].flatMap(paths);
  expect(all.filter((path) => ruleOf(path) === undefined || ruleOf(path) === 'open')).toEqual([]);
});

test('a method of ours without a rule is for nobody, health checks are for everybody', () => {
  expect(checkRole(one('operator'), ruleOf('/triplane.v1.AdminService/New') as undefined, 'New')).toMatchObject({
    reason: 'ROLE_DENIED',
  });
  expect(ruleOf('/grpc.health.v1.Health/Check')).toBe('open');
});

test('nodes call NodeService, planes call PlaneService, and nobody else does', () => {
  for (const path of paths(NodeServiceService)) {
    expect((['node', 'plane', 'operator', 'viewer'] as const).filter((role) => may(role, path))).toEqual(['node']);
  }
  for (const path of paths(PlaneServiceService)) {
    expect((['node', 'plane', 'operator', 'viewer'] as const).filter((role) => may(role, path))).toEqual(['plane']);
  }
});

test('viewers see everything and change nothing', () => {
  const seen = paths(AdminServiceService).filter((path) => may('viewer', path));
  expect(seen.map((path) => path.split('/').at(-1))).toEqual(
    expect.arrayContaining(['ListNodes', 'WatchNodes', 'GetRoutingConfig', 'ListPlanes', 'GetStats']),
  );
  expect(seen.filter((path) => !/\/(List|Watch|Get)/.test(path))).toEqual([]);
  expect(paths(AdminServiceService).filter((path) => !may('operator', path))).toEqual([]);
});
