/** What every built-in profile keeps to, whoever writes it. */

import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isProfileId, isSignalId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import {
  type DeviceProfile,
  type Draw,
  genericProfileId,
  publishedSignals,
  type Signal,
} from '../../model/profile.ts';
import { builtInProfiles } from '../../model/profiles/index.ts';
import { seededStreams } from '../../model/random.ts';
import { createEnvironment } from '../../simulator/device-model/environment.ts';
import { compileExpression } from '../../simulator/device-model/expression.ts';
import { namesIn, parseExpression } from '../../simulator/device-model/expression-parser.ts';
import { Layout } from '../../simulator/device-model/layout.ts';
import { createDeviceModel } from '../../simulator/device-model/model.ts';

const described = [...builtInProfiles.values()].filter(({ id }) => id !== genericProfileId);

test('every file of model/profiles is in the list under its own name', () => {
  const files = readdirSync(new URL('../../model/profiles', import.meta.url))
    .map((file) => file.replace(/\.ts$/, ''))
    .filter((name) => name !== 'index' && name !== 'notation');
  expect([...builtInProfiles.keys()].toSorted()).toEqual(files.toSorted());
  for (const [id, profile] of builtInProfiles) expect(profile.id).toBe(id);
});

test('there are fourteen and the generic one, whose shares of the fleet add up', () => {
  expect(described).toHaveLength(14);
  const mix = described.reduce((sum, { behaviour }) => sum + behaviour!.mix, 0);
  expect(mix).toBeCloseTo(1, 10);
  expect(builtInProfiles.get(genericProfileId)).toMatchObject({ production: true, signals: [] });
  const sensors = described.filter(({ production }) => !production).map(({ id }) => id);
  expect(sensors).toEqual(['env-sensor']);
});

describe.each(described.map((profile) => [profile.id, profile] as const))('%s', (_id, profile) => {
  const { signals, alarms = [] } = profile;
  const behaviour = profile.behaviour!;
  const states = Object.keys(behaviour.states!.states);

  test('has valid, unique ids and names in both languages', () => {
    expect(isProfileId(profile.id)).toBe(true);
    const ids = signals.map(({ id }) => id);
    expect(ids.filter((id) => !isSignalId(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(alarms.map(({ code }) => code)).size).toBe(alarms.length);
    for (const { name } of [profile, ...signals, ...alarms, { name: profile.vertical! }]) {
      expect(name.zh).not.toBe('');
      expect(name.en).toMatch(/^[\x20-\x7e]+$/);
    }
    expect(publishedSignals(profile).length).toBeLessThanOrEqual(limits.profileSignalsMax);
  });

  test('marks four to six published signals as key', () => {
    const key = signals.filter((signal) => signal.key);
    expect(key.length).toBeGreaterThanOrEqual(4);
    expect(key.length).toBeLessThanOrEqual(6);
    expect(key.filter((signal) => signal.hidden)).toEqual([]);
  });

  test('gives every signal a unit, and a range or a list of values that fits its type', () => {
    for (const signal of signals) {
      expect(signal.unit, signal.id).not.toBe('');
      expect(signal.ucum, signal.id).toMatch(/^[\x21-\x7e]+$/);
      expectTypeFits(signal);
    }
  });

  test('can only take values of its enumerations', () => {
    for (const { id, values, dynamics } of signals.filter(({ type }) => type === 'enum')) {
      if (dynamics?.kind === 'state') expect(values, id).toEqual(expect.arrayContaining(states));
      else if (dynamics?.kind === 'map') {
        const taken = states.map((state) => dynamics.values[state] ?? dynamics.values.default);
        expect(values, id).toEqual(expect.arrayContaining(taken));
        const listed = Object.keys(dynamics.values).filter((state) => state !== 'default');
        expect(states, id).toEqual(expect.arrayContaining(listed));
      } else {
        const draw = (dynamics as { draw: Extract<Draw, { choice: unknown }> }).draw;
        expect(values, id).toEqual(expect.arrayContaining(draw.choice.map(([value]) => value)));
      }
    }
  });

  test('compiles, so that every expression is valid and every name in it is known', () => {
    const model = createDeviceModel(profile, createEnvironment({ seed: 1 }), 1);
    expect(model.capacity).toBe(1);
    const scope = new Layout(profile, seededStreams(1)).scope();
    const { oee, powerKw } = behaviour;
    for (const source of [oee?.idealCycleS, oee?.partsPerCycle, powerKw]) {
      if (source !== undefined) compileExpression(source, scope);
    }
  });

  test('reads no signal before it has been moved', () => {
    expect(staleReads(profile)).toEqual([]);
  });

  test('leads to and from known states only, and to each of them', () => {
    const { initial, offState, states: machine } = behaviour.states!;
    const reached = new Set([initial]);
    for (const { forcesState } of alarms) if (forcesState) reached.add(forcesState);
    for (const state of reached) {
      const { next, until = [] } = machine[state]!;
      for (const { to } of [...next, ...until]) reached.add(to);
      const weights = next.reduce((sum, { weight }) => sum + weight, 0);
      if (next.length > 0) expect(weights, state).toBeCloseTo(1, 10);
    }
    expect([...reached].toSorted()).toEqual(states.toSorted());
    if (offState) expect(machine[offState]?.class).toBe('off');
    const intervals = Object.keys(behaviour.reportIntervalMs);
    expect(intervals).toContain('default');
    expect([...states, 'default']).toEqual(expect.arrayContaining(intervals));
    const running = [...(behaviour.cycle?.inStates ?? []), ...(behaviour.oee?.runStates ?? [])];
    expect(states).toEqual(expect.arrayContaining(running));
  });

  test('raises each alarm either on a condition or at random', () => {
    for (const { code, when, clearWhen, perDeviceDay, forcesState } of alarms) {
      expect((when === undefined) !== (perDeviceDay === undefined), code).toBe(true);
      if (clearWhen !== undefined) expect(when, code).toBeDefined();
      if (forcesState !== undefined) expect(states, code).toContain(forcesState);
    }
  });

  test('names standards it follows, and claims no more', () => {
    expect(profile.standards!.length).toBeGreaterThan(0);
    expect(JSON.stringify(profile)).not.toMatch(/complian|certif/i);
  });
});

function expectTypeFits({ id, type, range, values, precision }: Signal): void {
  if (type === 'enum') {
    expect(new Set(values).size, id).toBe(values!.length);
    for (const value of values!) expect(value.length, id).toBeLessThanOrEqual(limits.textCharsMax);
  }
  if (type !== 'float' && type !== 'int') return;
  const [low, high] = range!;
  expect(low, id).toBeLessThan(high);
  const decimals = type === 'int' ? 0 : precision!;
  for (const bound of [low, high]) {
    // A value rounded at the bound must not step over it.
    expect(Number(bound.toFixed(decimals)), id).toBe(bound);
  }
}

/** Expressions that read another expression, and rates that read anything, further down. */
function staleReads({ signals }: DeviceProfile): string[] {
  const stale: string[] = [];
  const position = new Map(signals.map(({ id }, index) => [id, index]));
  for (const [index, { id, dynamics }] of signals.entries()) {
    const source =
      dynamics?.kind === 'expr'
        ? dynamics.expr
        : dynamics?.kind === 'integral'
          ? dynamics.rate
          : null;
    if (source === null) continue;
    for (const name of namesIn(parseExpression(source))) {
      const at = position.get(name);
      if (at === undefined || at < index) continue;
      // Feedback through something slow, such as a temperature, may be one step old.
      const isFeedback = dynamics?.kind === 'expr' && signals[at]!.dynamics?.kind !== 'expr';
      if (!isFeedback) stale.push(`${id} reads ${name}`);
    }
  }
  return stale;
}
