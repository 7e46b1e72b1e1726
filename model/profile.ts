/** The kinds of device: what each publishes, in which unit and range, and how it behaves. */

/** A name in both languages. */
export interface Name {
  readonly zh: string;
  readonly en: string;
}

/** How a signal is checked and stored. Numbers of either kind are stored as floats. */
export type SignalType = 'float' | 'int' | 'bool' | 'enum' | 'string';

/** One published quantity of a device. */
export interface Signal {
  readonly id: string;
  readonly name: Name;
  /** For display. */
  readonly unit: string;
  /** The same unit in UCUM, for machines. */
  readonly ucum: string;
  readonly type: SignalType;
  /** Inclusive bounds of a number. */
  readonly range?: readonly [number, number];
  /** The values of an enumeration. */
  readonly values?: readonly string[];
  /** Decimals a simulated value is rounded to. */
  readonly precision?: number;
  /** Part of a fast report; four to six signals of a profile are. */
  readonly key?: true;
  /** A model variable of the simulator, never published. */
  readonly hidden?: true;
  /** The standard this name follows. */
  readonly standard?: string;
  /** How the simulator moves it. Absent in profiles added at run time. */
  readonly dynamics?: Dynamics;
}

/** An alarm a device of this kind may raise. */
export interface Alarm {
  readonly code: string;
  /** 1 critical, 2 major, 3 minor, 4 info. */
  readonly severity: 1 | 2 | 3 | 4;
  readonly name: Name;
  readonly standard?: string;
  /** Condition, an expression over signals; or a rate. */
  readonly when?: string;
  readonly clearWhen?: string;
  readonly onDelayS?: number;
  readonly perDeviceDay?: number;
  /** The state the machine is forced into while the alarm stands. */
  readonly forcesState?: string;
}

/** A kind of device. The gateway needs id and signals; the rest is for simulator and pages. */
export interface DeviceProfile {
  readonly id: string;
  readonly name: Name;
  readonly signals: readonly Signal[];
  /** Production equipment counts for the programme's target; a sensor does not. */
  readonly production: boolean;
  readonly alarms?: readonly Alarm[];
  readonly vertical?: Name;
  readonly standards?: readonly string[];
  readonly behaviour?: Behaviour;
}

/** The five classes every machine state belongs to. */
export type StateClass = 'run' | 'idle' | 'setup' | 'alarm' | 'off';

/** How the simulator plays a device of this kind. Expressions are strings in the grammar of simulator/device-model/expression.ts. */
export interface Behaviour {
  /** Share of the fleet, 0 to 1. */
  readonly mix: number;
  readonly schedule: Schedule;
  /** Nominal reporting interval by state; `default` for the rest. */
  readonly reportIntervalMs: Readonly<Record<string, number>>;
  /** Constants drawn once per device. */
  readonly parameters: Readonly<Record<string, Draw>>;
  readonly states?: StateMachine;
  readonly cycle?: {
    readonly inStates: readonly string[];
    readonly periodS: string;
    readonly jitter: number;
  };
  readonly oee?: {
    readonly runStates: readonly string[];
    readonly idealCycleS: string;
    readonly partsPerCycle?: string;
  };
  readonly kpis: readonly string[];
  /** The signal or expression that is the electric power in kW, if any. */
  readonly powerKw?: string;
}

export type Schedule = 'one' | 'two' | 'three' | 'office' | '24x7';

/** A state machine: on entry one `next` is drawn by weight and waits its dwell; `until` wins. */
export interface StateMachine {
  readonly initial: string;
  /** The state a machine is forced into when its shift is over. */
  readonly offState?: string;
  readonly states: Readonly<Record<string, MachineState>>;
}

export interface MachineState {
  readonly class: StateClass;
  readonly until?: readonly { readonly when: string; readonly to: string }[];
  readonly next: readonly {
    readonly to: string;
    readonly weight: number;
    /** Mean dwell in seconds, an expression. */
    readonly dwellS: string;
    readonly distribution: 'exp' | 'fixed' | 'lognormal';
  }[];
}

/** A random draw. */
export type Draw =
  | { readonly uniform: readonly [number, number] }
  | { readonly intUniform: readonly [number, number] }
  | { readonly choice: readonly (readonly [number | string, number])[] }
  | { readonly choiceExpr: readonly (readonly [string, number])[] }
  | { readonly pattern: string };

/** How a signal moves. Names of the kinds are those of domain modelling, times are in seconds. */
export type Dynamics =
  | { readonly kind: 'expr'; readonly expr: string; readonly noise?: number }
  | {
      readonly kind: 'lag';
      readonly target: string;
      readonly tauS: number;
      readonly noise?: number;
      readonly clamp?: readonly [number, number];
      readonly start?: string;
    }
  | {
      readonly kind: 'ou';
      readonly mean: string;
      readonly tauS: number;
      readonly sd: number;
      readonly clamp: readonly [number, number];
    }
  | {
      readonly kind: 'integral';
      readonly rate: string;
      readonly start?: Draw;
      readonly clamp?: readonly [number, number];
      readonly resetOnEnter?: readonly string[];
      readonly resetDaily?: true;
      readonly resetWhen?: string;
      readonly resetDraw?: Draw;
    }
  | {
      readonly kind: 'count';
      readonly on: string;
      readonly step: string;
      readonly start?: Draw;
      readonly resetOnEnter?: readonly string[];
      readonly perHour?: number;
      readonly inStates?: readonly string[];
    }
  | { readonly kind: 'state' }
  | { readonly kind: 'map'; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'onEnter'; readonly states: readonly string[]; readonly draw: Draw }
  | { readonly kind: 'onCycle'; readonly expr: string; readonly noise?: number }
  | {
      readonly kind: 'osc';
      readonly amplitude: number;
      readonly offset?: number;
      readonly phase?: number;
      readonly periodS: string;
      readonly inStates: readonly string[];
      readonly rest: number;
      readonly noise?: number;
    }
  | {
      readonly kind: 'hysteresis';
      readonly input: string;
      readonly on: number;
      readonly off: number;
    }
  | { readonly kind: 'pulse'; readonly perDay: number; readonly durationS: number }
  | {
      readonly kind: 'step';
      readonly periodS: string;
      readonly draw: Draw;
      readonly inStates: readonly string[];
    };

/** The signals a profile publishes, hidden model variables left out. */
export function publishedSignals(profile: DeviceProfile): readonly Signal[] {
  return profile.signals.filter((signal) => !signal.hidden);
}

/** The id of the built-in profile that takes any scalar signals (stored narrow). */
export const genericProfileId = 'generic';

/** The measurement alarms are stored under. */
export const eventMeasurement = 'event';
