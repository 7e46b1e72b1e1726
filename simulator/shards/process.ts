/**
 * A process that plays one part of a fleet. It ends when its channel closes, also because whoever
 * forked it was killed; the signals of a terminal are not for it, but for whoever forked it.
 */

import { systemClock } from '../../model/clock.ts';
import { giveWay } from '../../model/process-priority.ts';
import { toSentError } from '../../model/sent-error.ts';
import { LocalSimulation } from '../local-simulation.ts';
import type { FromShard, ShardStep, ToShard } from './messages.ts';

let simulation: LocalSimulation | null = null;
/** Why there is none. */
let unable: unknown = new Error('the part was not started');

giveWay();
process.on('SIGINT', () => {}).on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToShard) => {
  if (message.type === 'start') start(message);
  else if (message.type === 'step') void step(message);
  else if (message.type === 'stop') void stop();
  else if (message.type === 'rows') simulation?.takeRows(message.rows);
  else if (message.type === 'rows-refused') simulation?.refuseRows();
  else if (simulation !== null) tell(simulation);
});
if (!process.connected) process.exit(1);

function start({ options }: Extract<ToShard, { type: 'start' }>): void {
  try {
    simulation = new LocalSimulation(options, { clock: systemClock, watchesRows: false });
  } catch (error) {
    unable = error;
  }
}

function tell(played: LocalSimulation): void {
  say({ type: 'state', state: played.takeState(), rowsMissing: played.rowsMissing });
}

async function step({ id, step, argument }: Extract<ToShard, { type: 'step' }>): Promise<void> {
  try {
    if (simulation === null) throw unable;
    await take(simulation, step, argument);
    const found =
      step === 'result' ? { part: simulation.found(), ledger: simulation.ledger.columns() } : null;
    const { rowsMissing } = simulation;
    say({ type: 'done', id, state: simulation.takeState(), rowsMissing, found });
  } catch (error) {
    say({ type: 'failed', id, error: toSentError(error) });
  }
}

async function take(played: LocalSimulation, step: ShardStep, argument: number): Promise<void> {
  // Whether nobody at all could connect is for the whole fleet to say.
  if (step === 'connect') await played.tryAll(argument);
  else if (step !== 'result') await played[step](argument);
}

async function stop(): Promise<void> {
  let error: unknown = null;
  await simulation?.stop().catch((reason: unknown) => {
    error = reason;
  });
  const stopped: FromShard = { type: 'stopped', error: error === null ? null : toSentError(error) };
  process.send!(stopped, () => process.exit(0));
}

function say(message: FromShard): void {
  if (process.connected) process.send!(message);
}
