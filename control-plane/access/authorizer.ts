import { hasRole, mayActAs, type Identity } from '../../runtime/identity';
import type { Denial } from './denial';
import type { LeaseOwner, Rule } from './rules';

/** Whether the caller may call the method at all. */
export function checkRole(identity: Identity, rule: Rule | undefined, method: string): Denial | undefined {
  if (rule !== undefined && hasRole(identity, rule.roles)) return undefined;
  const roles = rule?.roles.join(' or ') ?? 'nobody';
  return { reason: 'ROLE_DENIED', message: `${method} is for ${roles}; the caller is ${identity.name}` };
}

/** Whether the caller may speak for the id that a message names. */
export function checkId(identity: Identity, rule: Rule, message: unknown, leaseOwner: LeaseOwner): Denial | undefined {
  const id = rule.idOf?.(message as never, leaseOwner);
  const [role] = rule.roles;
  if (id === undefined || role === undefined || mayActAs(identity, role, id)) return undefined;
  return {
    reason: 'ID_DENIED',
    message: `${identity.name} may not speak for ${role} ${JSON.stringify(id.slice(0, 64))}`,
  };
}
