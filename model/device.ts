/** The directory's second noun: a machine that belongs to one enterprise, and its life. */

/** What the gateway must know of a device to accept and store its readings. */
export interface Device {
  readonly enterprise: string;
  readonly device: string;
  /** Profile id; `generic` for a machine that fits none. */
  readonly profile: string;
  readonly district: string;
  /** GB/T 4754 two-digit class. */
  readonly industry: string;
  /** The gateway of the same enterprise that may publish for it, if any. */
  readonly gateway?: string | undefined;
  readonly serial?: string | undefined;
}

/**
 * - `registered`: known, with a credential from registration or import; never seen.
 * - `claiming`: a claim for it is being answered.
 * - `provisioned`: has a credential of its own from a claim, not yet used.
 * - `connected`: has been let in; no row yet.
 * - `active`: its first row is in the store, and its last one is recent.
 * - `inactive`: was active, and has been silent for a while.
 * - `suspended`: shut out until it is resumed.
 * - `revoked`, `decommissioned`: shut out for good; only a new registration brings the id back.
 * - `rejected`: a claim for it was refused.
 * - `expired`: its credential was not used in time and is void; it may claim again.
 */
export const deviceStates = [
  'registered',
  'claiming',
  'provisioned',
  'connected',
  'active',
  'inactive',
  'suspended',
  'revoked',
  'rejected',
  'expired',
  'decommissioned',
] as const;

export type DeviceState = (typeof deviceStates)[number];

/** What can happen to a device. `store` means that a row of it is in the store. */
export const lifeEvents = [
  'register',
  'claim',
  'reject',
  'issue',
  'expire',
  'connect',
  'store',
  'silence',
  'suspend',
  'resume',
  'revoke',
  'decommission',
] as const;

export type LifeEvent = (typeof lifeEvents)[number];

/** Where a device is in its life. */
export interface DeviceLife {
  readonly state: DeviceState;
  /** What it was when it was suspended; null in every other state. */
  readonly suspendedFrom: DeviceState | null;
}

const unused = ['registered', 'provisioned', 'expired', 'rejected'] as const;
const living = [...unused, 'claiming', 'connected', 'active', 'inactive'] as const;

/** From which states an event leads where. Nothing else is allowed. */
const edges: Readonly<
  Record<
    Exclude<LifeEvent, 'resume'>,
    { readonly from: readonly DeviceState[]; readonly to: DeviceState }
  >
> = {
  register: { from: ['revoked', 'decommissioned', 'rejected', 'expired'], to: 'registered' },
  claim: { from: unused, to: 'claiming' },
  reject: { from: ['claiming'], to: 'rejected' },
  issue: { from: ['claiming'], to: 'provisioned' },
  expire: { from: ['claiming', 'provisioned'], to: 'expired' },
  connect: { from: ['registered', 'provisioned'], to: 'connected' },
  store: { from: ['registered', 'provisioned', 'connected', 'inactive'], to: 'active' },
  silence: { from: ['active'], to: 'inactive' },
  suspend: { from: living, to: 'suspended' },
  revoke: { from: [...living, 'suspended'], to: 'revoked' },
  decommission: { from: [...living, 'suspended'], to: 'decommissioned' },
};

/** The life of a device that has just been registered. */
export const newLife: DeviceLife = { state: 'registered', suspendedFrom: null };

/** What `event` makes of a life; null when it is not allowed there, or changes nothing. */
export function transition(life: DeviceLife, event: LifeEvent): DeviceLife | null {
  if (event === 'resume') {
    if (life.state !== 'suspended') return null;
    return { state: resumedTo(life.suspendedFrom), suspendedFrom: null };
  }
  const { from, to } = edges[event];
  if (!from.includes(life.state)) return null;
  return { state: to, suspendedFrom: to === 'suspended' ? life.state : null };
}

/** Nobody knows yet whether a machine that was active still sends; a claim cut short begins anew. */
function resumedTo(before: DeviceState | null): DeviceState {
  if (before === null || before === 'claiming') return 'registered';
  return before === 'active' ? 'inactive' : before;
}

/** The four words that people see. */
export type DeviceWord = 'registered' | 'connecting' | 'active' | 'blocked';

const words: Readonly<Record<DeviceState, DeviceWord>> = {
  registered: 'registered',
  expired: 'registered',
  claiming: 'connecting',
  provisioned: 'connecting',
  connected: 'connecting',
  active: 'active',
  inactive: 'active',
  suspended: 'blocked',
  revoked: 'blocked',
  rejected: 'blocked',
  decommissioned: 'blocked',
};

/** The word for a state. */
export function wordOf(state: DeviceState): DeviceWord {
  return words[state];
}

/** True when a session or a reading of a device in this state may be accepted. */
export function mayConnect(state: DeviceState): boolean {
  return admitted.has(state);
}

const admitted: ReadonlySet<DeviceState> = new Set<DeviceState>([
  'registered',
  'provisioned',
  'connected',
  'active',
  'inactive',
]);

/** True when the device counts as registered: it has an identity that is not void for good. */
export function isOnBoard(state: DeviceState): boolean {
  return state === 'suspended' || state === 'claiming' || mayConnect(state);
}
