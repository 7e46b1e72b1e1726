/** Who and what the isolation suite is about: two enterprises, and what each has. */

/** The enterprise whose identities try to get where they do not belong. */
export const own = 'wall-a';
/** The enterprise they must not reach. */
export const other = 'wall-b';
/** An enterprise that does not exist; as long as the others, so that answers can be compared. */
export const none = 'wall-z';

/** Both enterprises have a device, claim, group key and profile of these names. */
export const machine = 'machine';
export const batch = 'batch';
export const line = 'line';
export const press = 'press';

/** In the names of whatever `other` has: whoever may not see it must never receive this text. */
export const mark = 'mark-of-b';
/** In the payload of a dead letter of `other`. */
export const payloadMark = 'payload-mark';

/** The value of what devices publish on their own; what probes send has the other. */
export const ownSignal = 'own';
export const probeSignal = 'probe';

/** Serials that claims of the suite bring on board; nothing else may appear in the registry. */
export const newcomer = 'newcomer';

/** Devices of `own`, by what they are for. */
export const devices = [
  machine,
  'prober',
  'listener',
  'suspended',
  'revoked',
  'retired',
  'certified',
  'renewed',
] as const;

/** Gateways of `own`. */
export const gateways = ['gate', 'ear', 'elsewhere'] as const;

/** Devices of `own` that a gateway speaks for: `gate` for the one, `elsewhere` for the other. */
export const carried = 'carried';
export const notCarried = 'not-carried';

/** A device of `own` that its group key enrols, and one that no key may. */
export const derived = 'derived';
export const underived = 'underived';

/** Credentials that the suite holds. `nothing` presents none. */
export type CardName =
  | (typeof devices)[number]
  | (typeof gateways)[number]
  | `claim ${'batch' | 'listed' | 'spent' | 'revoked' | 'expired'}`
  | `group ${'line' | 'machine' | 'revoked'}`
  | `certificate ${CertificateName}`
  | `token ${'operator' | 'enterprise'}`
  | 'other machine'
  | 'other claim'
  | 'other group'
  | 'nothing';

export type CertificateName =
  | 'renewed'
  | 'replaced'
  | 'expired'
  | 'not yet valid'
  | 'of another authority'
  | 'of a stranger'
  | 'of a namesake'
  | 'of a revoked authority'
  | "of another enterprise's device"
  | 'of nobody registered';

/** Tokens that HTTP probes present. */
export type TokenName = 'operator' | 'enterprise' | 'viewer' | 'scoped viewer' | VoidTokenName;

/** Tokens that are good for nothing. */
export type VoidTokenName = (typeof voidTokens)[number];

export const voidTokens = [
  'no token',
  'forged token',
  'expired token',
  'expired operator token',
  'revoked token',
  'revoked operator token',
  'token in the query',
  'token as a password',
] as const;
